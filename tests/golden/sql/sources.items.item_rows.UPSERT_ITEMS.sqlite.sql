INSERT INTO source_items (source_id, "key", digest, stamp, arcs, block_id, block_digest, is_own)
SELECT :source AS anon_1,
       given_items."key",
       given_items.digest,
       given_items.stamp,
       given_items.arcs,
       coalesce(given_items.block_id, blocks.id) AS coalesce_1,
       given_items.block_digest,
       CASE
           WHEN (given_items.is_own = :is_own_1) THEN :param_1
           WHEN (given_items.block_id IS NOT NULL
                 OR blocks.created_at = :now) THEN :param_2
           ELSE :param_3
       END AS anon_2
FROM
  (SELECT value ->> 'key' AS key,
          value ->> 'digest' AS digest,
          value ->> 'stamp' AS stamp,
          value ->> 'arcs' AS arcs,
          value ->> 'block_id' AS block_id,
          value ->> 'block_digest' AS block_digest,
          value ->> 'is_own' AS is_own
   FROM json_each(:items)) AS given_items
LEFT OUTER JOIN blocks ON blocks.digest = given_items.block_digest
WHERE 1 = 1 ON CONFLICT (source_id,
                         key) DO
  UPDATE
  SET digest = excluded.digest,
      stamp = excluded.stamp,
      arcs = excluded.arcs,
      block_id = excluded.block_id,
      block_digest = excluded.block_digest,
      is_own = excluded.is_own RETURNING "key",
                                         block_id
