INSERT INTO source_items (source_id, "key", digest, stamp, arcs, block_digest, missing_since, block_id)
SELECT given_items.source,
       given_items."key",
       given_items.digest,
       given_items.stamp,
       given_items.arcs,
       given_items.block_digest,
       given_items.missing_since AS anon_1,
       blocks.id
FROM
  (SELECT value ->> 'ord' AS ord,
          value ->> 'source' AS source,
          value ->> 'key' AS key,
          value ->> 'digest' AS digest,
          value ->> 'stamp' AS stamp,
          value ->> 'arcs' AS arcs,
          value ->> 'block_digest' AS block_digest,
          value ->> 'now_digest' AS now_digest,
          value ->> 'missing_since' AS missing_since
   FROM json_each(:items)) AS given_items
LEFT OUTER JOIN blocks ON blocks.digest = given_items.now_digest
WHERE given_items.now_digest IS NULL
  OR blocks.id IS NOT NULL
ORDER BY given_items.ord ON CONFLICT DO NOTHING
