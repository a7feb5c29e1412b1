SELECT given_keys.ord,
       jobs.kind,
       jobs.payload,
       jobs.source_id
FROM
  (SELECT value ->> 'ord' AS ord,
          value ->> 'idempotency_key' AS idempotency_key,
          value ->> 'kind' AS kind,
          value ->> 'first_id' AS first_id,
          value ->> 'first_created_at' AS first_created_at
   FROM json_each(:keys)) AS given_keys
JOIN jobs ON jobs.dedupe_key = given_keys.idempotency_key
UNION ALL
SELECT given_keys.ord,
       jobs.kind,
       jobs.payload,
       jobs.source_id
FROM
  (SELECT value ->> 'ord' AS ord,
          value ->> 'idempotency_key' AS idempotency_key,
          value ->> 'kind' AS kind,
          value ->> 'first_id' AS first_id,
          value ->> 'first_created_at' AS first_created_at
   FROM json_each(:keys)) AS given_keys
JOIN jobs ON jobs.id = given_keys.first_id
AND jobs.dedupe_key IS NULL
AND jobs.kind = given_keys.kind
AND jobs.created_at = given_keys.first_created_at
