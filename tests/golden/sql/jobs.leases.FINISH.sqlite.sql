UPDATE jobs
SET state=:state,
    claimable_at=NULL,
    lease=NULL,
    slot=NULL,
    finished_at=:now,
    error=NULL,
    result=:outcome
WHERE jobs.id = :id
  AND jobs.lease = :lease
  AND jobs.state = :state_1 RETURNING id
