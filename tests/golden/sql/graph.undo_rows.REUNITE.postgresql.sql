UPDATE source_items
SET block_id=
  (SELECT min(blocks.id) AS min_1
   FROM blocks
   WHERE blocks.digest = source_items.block_digest)
WHERE source_items.block_id IS NULL
  AND source_items.block_digest IN
    (SELECT given_found.digest
     FROM
       (SELECT *
        FROM json_to_recordset(CAST(:found::VARCHAR AS json)) AS given(digest text)) AS given_found)
