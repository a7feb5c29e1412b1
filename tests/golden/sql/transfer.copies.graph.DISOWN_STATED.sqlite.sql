UPDATE source_items
SET is_own=:is_own
WHERE source_items.is_own = :is_own_1
  AND source_items.block_id IN
    (SELECT blocks.id
     FROM
       (SELECT value ->> 'ord' AS ord,
               value ->> 'id' AS id,
               value ->> 'created_at' AS created_at,
               value ->> 'updated_at' AS updated_at,
               value ->> 'storage' AS
        storage,
               value ->> 'resolver' AS resolver,
               value ->> 'content' AS content,
               value ->> 'digest' AS digest
        FROM json_each(:blocks)) AS given_blocks
     JOIN blocks ON blocks.digest = given_blocks.digest
     AND blocks.created_at != given_blocks.created_at)
