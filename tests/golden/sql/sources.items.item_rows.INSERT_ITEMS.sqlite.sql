INSERT INTO source_items (source_id, "key", digest, stamp, arcs, block_id, block_digest)
SELECT :source AS anon_1,
       given_items."key",
       CASE
           WHEN (coalesce(given_items.block_id, theirs.id) IS NOT NULL) THEN given_items.digest
       END AS anon_2,
       given_items.stamp,
       given_items.arcs,
       coalesce(given_items.block_id, theirs.id) AS coalesce_1,
       given_items.block_digest
FROM
  (SELECT value ->> 'key' AS key,
          value ->> 'digest' AS digest,
          value ->> 'stamp' AS stamp,
          value ->> 'arcs' AS arcs,
          value ->> 'block_id' AS block_id,
          value ->> 'block_digest' AS block_digest,
          value ->> 'id' AS id,
          value ->> 'seen_digest' AS seen_digest,
          value ->> 'seen_block_id' AS seen_block_id
   FROM json_each(:items)) AS given_items
LEFT OUTER JOIN
  (SELECT blocks.id AS id,
          blocks.digest AS digest
   FROM blocks
   WHERE blocks.digest IN
       (SELECT given_items.block_digest
        FROM
          (SELECT value ->> 'key' AS key,
                  value ->> 'digest' AS digest,
                  value ->> 'stamp' AS stamp,
                  value ->> 'arcs' AS arcs,
                  value ->> 'block_id' AS block_id,
                  value ->> 'block_digest' AS block_digest,
                  value ->> 'id' AS id,
                  value ->> 'seen_digest' AS seen_digest,
                  value ->> 'seen_block_id' AS seen_block_id
           FROM json_each(:items)) AS given_items)
   ORDER BY blocks.id) AS theirs ON theirs.digest = given_items.block_digest
WHERE 1 = 1 RETURNING "key",
                      block_id
