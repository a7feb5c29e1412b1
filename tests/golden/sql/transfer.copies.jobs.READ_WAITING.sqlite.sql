SELECT jobs.id,
       jobs.created_at AS created_at,
       jobs.kind,
       jobs.payload,
       jobs.state,
       jobs.attempts,
       jobs.run_at AS run_at,
       jobs.claimable_at AS claimable_at,
       jobs.lane,
       jobs.error,
       jobs.dedupe_key,
       jobs.source_id
FROM jobs
WHERE jobs.id > :after_id
  AND jobs.claimable_at IS NOT NULL
  AND (jobs.state = :state_1
       OR jobs.state = :state_2)
ORDER BY jobs.id
LIMIT :limit
OFFSET :param_1
