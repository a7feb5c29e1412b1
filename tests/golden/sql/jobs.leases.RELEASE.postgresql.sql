UPDATE jobs
SET state=:state::VARCHAR,
    attempts=(jobs.attempts - :attempts_1::INTEGER),
    claimable_at=CAST(:now::VARCHAR AS TIMESTAMP WITH TIME ZONE),
    lease=NULL,
    slot=NULL
WHERE jobs.lease IN
    (SELECT given_leases.lease
     FROM
       (SELECT *
        FROM json_to_recordset(CAST(:leases::VARCHAR AS json)) AS given(lease text)) AS given_leases)
  AND jobs.state = :state_1::VARCHAR
