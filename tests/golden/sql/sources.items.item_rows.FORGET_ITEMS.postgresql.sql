DELETE
FROM source_items
WHERE source_items.id IN
    (SELECT given_gone.id
     FROM
       (SELECT *
        FROM json_to_recordset(CAST(:gone::VARCHAR AS json)) AS given(id bigint)) AS given_gone)
  AND NOT (EXISTS
             (SELECT *
              FROM blocks
              WHERE blocks.id = source_items.block_id
                AND blocks.is_given = :is_given_1::INTEGER))
