UPDATE jobs
SET state=:state,
    attempts=CASE
                 WHEN (jobs.attempts > :attempts_1) THEN jobs.attempts - :attempts_2
                 ELSE :param_1
             END,
             claimable_at=:later,
             lease=NULL,
             slot=NULL,
             error=:fault
WHERE jobs.id = :id
  AND jobs.lease = :lease
  AND jobs.state = :state_1 RETURNING id
