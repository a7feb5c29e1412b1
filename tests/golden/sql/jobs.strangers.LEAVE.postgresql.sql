UPDATE jobs
SET state=:state::VARCHAR,
    attempts=CASE
                 WHEN (jobs.attempts > :attempts_1::INTEGER) THEN jobs.attempts - :attempts_2::INTEGER
                 ELSE :param_1::INTEGER
             END,
             claimable_at=CAST(:later::VARCHAR AS TIMESTAMP WITH TIME ZONE),
             lease=NULL,
             slot=NULL,
             error=:fault::VARCHAR
WHERE jobs.id = :id::BIGINT
  AND jobs.lease = :lease::VARCHAR
  AND jobs.state = :state_1::VARCHAR RETURNING jobs.id
