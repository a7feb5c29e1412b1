UPDATE jobs
SET state=:state::VARCHAR,
    claimable_at=NULL,
    lease=NULL,
    slot=NULL,
    finished_at=CAST(:now::VARCHAR AS TIMESTAMP WITH TIME ZONE),
    error=NULL,
    result=:outcome::VARCHAR
WHERE jobs.id = :id::BIGINT
  AND jobs.lease = :lease::VARCHAR
  AND jobs.state = :state_1::VARCHAR RETURNING jobs.id
