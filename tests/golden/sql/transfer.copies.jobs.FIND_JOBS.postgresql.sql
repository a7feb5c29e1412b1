SELECT given_keys.ord,
       jobs.kind,
       jobs.payload,
       jobs.source_id
FROM
  (SELECT *
   FROM json_to_recordset(CAST(:keys::VARCHAR AS json)) AS given(ord bigint, idempotency_key text, kind text, first_id bigint, first_created_at text)) AS given_keys
JOIN jobs ON jobs.dedupe_key = given_keys.idempotency_key
UNION ALL
SELECT given_keys.ord,
       jobs.kind,
       jobs.payload,
       jobs.source_id
FROM
  (SELECT *
   FROM json_to_recordset(CAST(:keys::VARCHAR AS json)) AS given(ord bigint, idempotency_key text, kind text, first_id bigint, first_created_at text)) AS given_keys
JOIN jobs ON jobs.id = given_keys.first_id
AND jobs.dedupe_key IS NULL
AND jobs.kind = given_keys.kind
AND to_char(jobs.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') = given_keys.first_created_at
