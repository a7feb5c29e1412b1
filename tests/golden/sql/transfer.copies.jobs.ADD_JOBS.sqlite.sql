INSERT INTO jobs (created_at, kind, payload, state, attempts, run_at, claimable_at, lane, error, dedupe_key, source_id)
SELECT given_jobs.created_at AS anon_1,
       given_jobs.kind,
       given_jobs.payload,
       :param_1 AS anon_2,
       given_jobs.attempts,
       given_jobs.run_at AS anon_3,
       given_jobs.claimable_at AS anon_4,
       given_jobs.serial_key,
       given_jobs.error,
       given_jobs.idempotency_key,
       given_jobs.source_id
FROM
  (SELECT value ->> 'ord' AS ord,
          value ->> 'created_at' AS created_at,
          value ->> 'kind' AS kind,
          value ->> 'payload' AS payload,
          value ->> 'attempts' AS attempts,
          value ->> 'run_at' AS run_at,
          value ->> 'claimable_at' AS claimable_at,
          value ->> 'serial_key' AS serial_key,
          value ->> 'error' AS error,
          value ->> 'idempotency_key' AS idempotency_key,
          value ->> 'source_id' AS source_id,
          value ->> 'first_id' AS first_id,
          value ->> 'first_created_at' AS first_created_at
   FROM json_each(:jobs)) AS given_jobs
WHERE NOT (EXISTS
             (SELECT *
              FROM jobs
              WHERE jobs.id = given_jobs.first_id
                AND jobs.dedupe_key IS NULL
                AND jobs.kind = given_jobs.kind
                AND jobs.created_at = given_jobs.first_created_at))
ORDER BY given_jobs.ord ON CONFLICT DO NOTHING
