INSERT INTO jobs (created_at, kind, payload, state, attempts, run_at, claimable_at, lane, error, dedupe_key, source_id)
SELECT CAST(given_jobs.created_at AS TIMESTAMP WITH TIME ZONE) AS anon_1,
       given_jobs.kind,
       given_jobs.payload,
       :param_1::VARCHAR AS anon_2,
       given_jobs.attempts,
       CAST(given_jobs.run_at AS TIMESTAMP WITH TIME ZONE) AS anon_3,
       CAST(given_jobs.claimable_at AS TIMESTAMP WITH TIME ZONE) AS anon_4,
       given_jobs.serial_key,
       given_jobs.error,
       given_jobs.idempotency_key,
       given_jobs.source_id
FROM
  (SELECT *
   FROM json_to_recordset(CAST(:jobs::VARCHAR AS json)) AS given(ord bigint, created_at text, kind text, payload text, attempts bigint, run_at text, claimable_at text, serial_key text, error text, idempotency_key text, source_id bigint, first_id bigint, first_created_at text)) AS given_jobs
WHERE NOT (EXISTS
             (SELECT *
              FROM jobs
              WHERE jobs.id = given_jobs.first_id
                AND jobs.dedupe_key IS NULL
                AND jobs.kind = given_jobs.kind
                AND to_char(jobs.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') = given_jobs.first_created_at))
ORDER BY given_jobs.ord ON CONFLICT DO NOTHING
