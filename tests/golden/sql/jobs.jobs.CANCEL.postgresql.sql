UPDATE jobs
SET state=:state::VARCHAR,
    claimable_at=NULL,
    lease=NULL,
    slot=NULL,
    finished_at=CAST(:now::VARCHAR AS TIMESTAMP WITH TIME ZONE)
WHERE jobs.id = :id::BIGINT
  AND (jobs.state = :state_1::VARCHAR
       OR jobs.state = :state_2::VARCHAR) RETURNING jobs.id,
                                                    jobs.kind,
                                                    jobs.state,
                                                    jobs.payload,
                                                    jobs.attempts,
                                                    jobs.source_id,
                                                    jobs.error,
                                                    jobs.result,
                                                    to_char(jobs.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS created_at,
                                                    to_char(CASE
                                                                WHEN (jobs.state = 'pending') THEN jobs.claimable_at
                                                                ELSE jobs.run_at
                                                            END AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS run_at,
                                                    to_char(jobs.started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS started_at,
                                                    to_char(jobs.finished_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS finished_at,
                                                    to_char(CASE
                                                                WHEN (jobs.state = 'running') THEN jobs.claimable_at
                                                            END AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS leased_until
