SELECT jobs.id,
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
FROM jobs
WHERE jobs.lane = :serial_key::VARCHAR
  AND jobs.claimable_at IS NOT NULL
  AND jobs.state = :state_1::VARCHAR
  AND jobs.payload = :payload::VARCHAR
ORDER BY jobs.id
LIMIT :param_1::INTEGER
