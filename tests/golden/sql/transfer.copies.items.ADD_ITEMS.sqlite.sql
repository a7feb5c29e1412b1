INSERT INTO source_items (source_id, "key", digest, stamp, arcs, block_digest, is_own, missing_since, block_id)
SELECT given_items.source,
       given_items."key",
       given_items.digest,
       given_items.stamp,
       given_items.arcs,
       given_items.block_digest,
       CASE
           WHEN (blocks.id IS NULL
                 OR blocks.created_at = given_items.made_at) THEN given_items.is_own
           ELSE :param_1
       END AS anon_1,
       given_items.missing_since AS anon_2,
       blocks.id
FROM
  (SELECT value ->> 'ord' AS ord,
          value ->> 'source' AS source,
          value ->> 'key' AS key,
          value ->> 'digest' AS digest,
          value ->> 'stamp' AS stamp,
          value ->> 'arcs' AS arcs,
          value ->> 'block_digest' AS block_digest,
          value ->> 'is_own' AS is_own,
          value ->> 'now_digest' AS now_digest,
          value ->> 'made_at' AS made_at,
          value ->> 'missing_since' AS missing_since
   FROM json_each(:items)) AS given_items
LEFT OUTER JOIN blocks ON blocks.digest = given_items.now_digest
WHERE given_items.now_digest IS NULL
  OR blocks.id IS NOT NULL
ORDER BY given_items.ord ON CONFLICT DO NOTHING
