SELECT jobs.id,
       to_char(jobs.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS created_at,
       jobs.kind,
       jobs.payload,
       jobs.state,
       jobs.attempts,
       to_char(jobs.run_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS run_at,
       to_char(jobs.claimable_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS claimable_at,
       jobs.lane,
       jobs.error,
       jobs.dedupe_key,
       jobs.source_id
FROM jobs
WHERE jobs.id > :after_id::BIGINT
  AND jobs.claimable_at IS NOT NULL
  AND (jobs.state = :state_1::VARCHAR
       OR jobs.state = :state_2::VARCHAR)
ORDER BY jobs.id
LIMIT :limit::INTEGER
