INSERT INTO source_items (source_id, key, digest, stamp, arcs, block_digest, missing_since, block_id)
SELECT given_items.source,
       given_items.key,
       given_items.digest,
       given_items.stamp,
       given_items.arcs,
       given_items.block_digest,
       CAST(given_items.missing_since AS TIMESTAMP WITH TIME ZONE) AS anon_1,
       blocks.id
FROM
  (SELECT *
   FROM json_to_recordset(CAST(:items::VARCHAR AS json)) AS given(ord bigint, source bigint, key text, digest text, stamp text, arcs text, block_digest text, now_digest text, missing_since text)) AS given_items
LEFT OUTER JOIN blocks ON blocks.digest = given_items.now_digest
WHERE given_items.now_digest IS NULL
  OR blocks.id IS NOT NULL
ORDER BY given_items.ord ON CONFLICT DO NOTHING
