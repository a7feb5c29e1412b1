INSERT INTO jobs (created_at, state, attempts, kind, payload, run_at, claimable_at, lane, dedupe_key, source_id)
SELECT :now AS anon_1,
       :param_1 AS anon_2,
       :param_2 AS anon_3,
       given_jobs.kind,
       given_jobs.payload,
       given_jobs.run_at AS anon_4,
       given_jobs.run_at AS anon__1,
       given_jobs.serial_key,
       given_jobs.idempotency_key,
       given_jobs.source_id
FROM
  (SELECT value ->> 'ord' AS ord,
          value ->> 'kind' AS kind,
          value ->> 'payload' AS payload,
          value ->> 'run_at' AS run_at,
          value ->> 'serial_key' AS serial_key,
          value ->> 'idempotency_key' AS idempotency_key,
          value ->> 'source_id' AS source_id
   FROM json_each(:jobs)) AS given_jobs
WHERE 1 = 1
ORDER BY given_jobs.ord ON CONFLICT DO NOTHING RETURNING id
