INSERT INTO jobs (created_at, state, attempts, kind, payload, run_at, claimable_at, lane, dedupe_key, source_id)
SELECT CAST(:now::VARCHAR AS TIMESTAMP WITH TIME ZONE) AS anon_1,
       :param_1::VARCHAR AS anon_2,
       :param_2::INTEGER AS anon_3,
       given_jobs.kind,
       given_jobs.payload,
       CAST(given_jobs.run_at AS TIMESTAMP WITH TIME ZONE) AS anon_4,
       CAST(given_jobs.run_at AS TIMESTAMP WITH TIME ZONE) AS anon__1,
       given_jobs.serial_key,
       given_jobs.idempotency_key,
       given_jobs.source_id
FROM
  (SELECT *
   FROM json_to_recordset(CAST(:jobs::VARCHAR AS json)) AS given(ord bigint, kind text, payload text, run_at text, serial_key text, idempotency_key text, source_id bigint)) AS given_jobs
WHERE true
ORDER BY given_jobs.ord ON CONFLICT DO NOTHING RETURNING jobs.id
