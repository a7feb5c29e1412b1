INSERT INTO jobs (created_at, state, attempts, kind, payload, run_at, claimable_at, lane, dedupe_key, source_id)
SELECT CAST(:now::VARCHAR AS TIMESTAMP WITH TIME ZONE) AS anon_1,
       :param_1::VARCHAR AS anon_2,
       :param_2::INTEGER AS anon_3,
       :param_3::VARCHAR AS anon_4,
       :param_4::VARCHAR || CAST(source_items.block_id AS TEXT) || :param_5::VARCHAR AS anon_5,
       CAST(:now::VARCHAR AS TIMESTAMP WITH TIME ZONE) AS anon_6,
       CAST(:now::VARCHAR AS TIMESTAMP WITH TIME ZONE) AS anon__1,
       NULL AS anon_7,
       given_organizing.idempotency_key,
       :source::BIGINT AS anon_8
FROM
  (SELECT *
   FROM json_to_recordset(CAST(:organizing::VARCHAR AS json)) AS given(key text, idempotency_key text)) AS given_organizing
JOIN source_items ON source_items.key = given_organizing.key
AND source_items.source_id = :source::BIGINT
WHERE source_items.block_id IS NOT NULL ON CONFLICT DO NOTHING
