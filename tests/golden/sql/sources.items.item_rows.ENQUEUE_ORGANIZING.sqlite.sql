INSERT INTO jobs (created_at, state, attempts, kind, payload, run_at, claimable_at, lane, dedupe_key, source_id)
SELECT :now AS anon_1,
       :param_1 AS anon_2,
       :param_2 AS anon_3,
       :param_3 AS anon_4,
       :param_4 || CAST(source_items.block_id AS TEXT) || :param_5 AS anon_5,
       :now AS anon_6,
       :now AS anon__1,
       NULL AS anon_7,
       given_organizing.idempotency_key,
       :source AS anon_8
FROM
  (SELECT value ->> 'key' AS key,
          value ->> 'idempotency_key' AS idempotency_key
   FROM json_each(:organizing)) AS given_organizing
JOIN source_items ON source_items."key" = given_organizing."key"
AND source_items.source_id = :source
WHERE source_items.block_id IS NOT NULL ON CONFLICT DO NOTHING
