UPDATE jobs
SET state=:state::VARCHAR,
    attempts=(jobs.attempts + :attempts_1::INTEGER),
    claimable_at=CAST(:until::VARCHAR AS TIMESTAMP WITH TIME ZONE),
    lease=:lease::VARCHAR,
    started_at=CAST(:now::VARCHAR AS TIMESTAMP WITH TIME ZONE)
WHERE jobs.id = :id::BIGINT
  AND jobs.claimable_at IS NOT NULL
  AND (jobs.state = :state_1::VARCHAR
       OR jobs.claimable_at <= CAST(:settled::VARCHAR AS TIMESTAMP WITH TIME ZONE)
       AND NOT (EXISTS
                  (SELECT 1
                   FROM clock
                   WHERE clock.known_until < CAST(:now::VARCHAR AS TIMESTAMP WITH TIME ZONE)))) RETURNING jobs.id AS job_id,
                                                                                                          jobs.lease AS token,
                                                                                                          jobs.kind,
                                                                                                          jobs.payload,
                                                                                                          jobs.attempts,
                                                                                                          jobs.source_id,
                                                                                                          to_char(jobs.run_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS run_at
