UPDATE source_items
SET block_id=
  (SELECT min(blocks.id) AS min_1
   FROM blocks
   WHERE blocks.digest = source_items.block_digest)
WHERE source_items.block_id IS NULL
  AND source_items.block_digest IN
    (SELECT given_found.digest
     FROM
       (SELECT value ->> 'digest' AS digest
        FROM json_each(:found)) AS given_found)
