UPDATE source_items
SET is_own=:is_own::INTEGER
WHERE source_items.is_own = :is_own_1::INTEGER
  AND source_items.block_id IN
    (SELECT blocks.id
     FROM
       (SELECT *
        FROM json_to_recordset(CAST(:blocks::VARCHAR AS json)) AS given(ord bigint, id bigint, created_at text, updated_at text,
                                                                        storage text, resolver text, content text, digest text)) AS given_blocks
     JOIN blocks ON blocks.digest = given_blocks.digest
     AND blocks.created_at != CAST(given_blocks.created_at AS TIMESTAMP WITH TIME ZONE))
