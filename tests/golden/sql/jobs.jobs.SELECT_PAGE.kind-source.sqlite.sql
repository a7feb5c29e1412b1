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
WHERE jobs.id < :before
  AND jobs.kind = :kind
  AND jobs.source_id = :source
ORDER BY jobs.id DESC
LIMIT :limit
OFFSET :param_1
