UPDATE jobs
SET state=:state,
    attempts=(jobs.attempts + :attempts_1),
    claimable_at=:until,
    lease=:lease,
    started_at=:now
WHERE jobs.id = :id
  AND jobs.claimable_at IS NOT NULL
  AND (jobs.state = :state_1
       OR jobs.claimable_at <= :settled
       AND NOT (EXISTS
                  (SELECT 1
                   FROM clock
                   WHERE clock.known_until < :now))) RETURNING id AS job_id,
                                                               lease AS token,
                                                               kind,
                                                               payload,
                                                               attempts,
                                                               source_id,
                                                               run_at AS run_at
