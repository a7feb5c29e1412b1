SELECT jobs.id,
       jobs.kind,
       jobs.state,
       jobs.payload,
       jobs.attempts,
       jobs.source_id,
       jobs.error,
       jobs.result,
       jobs.created_at AS created_at,
       CASE
           WHEN (jobs.state = 'pending') THEN jobs.claimable_at
           ELSE jobs.run_at
       END AS run_at,
       jobs.started_at AS started_at,
       jobs.finished_at AS finished_at,
       CASE
           WHEN (jobs.state = 'running') THEN jobs.claimable_at
       END AS leased_until
FROM jobs
WHERE jobs.lane = :serial_key
  AND jobs.claimable_at IS NOT NULL
  AND jobs.state = :state_1
  AND jobs.payload = :payload
ORDER BY jobs.id
LIMIT :param_1
OFFSET :param_2
