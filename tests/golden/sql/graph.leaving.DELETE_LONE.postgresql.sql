DELETE
FROM blocks
WHERE blocks.id IN
    (SELECT left_block.id
     FROM blocks AS left_block
     WHERE left_block.digest IN
         (SELECT given_around.digest
          FROM
            (SELECT *
             FROM json_to_recordset(CAST(:around::VARCHAR AS json)) AS given(digest text)) AS given_around)
       AND left_block.is_given = :is_given_1::INTEGER
       AND NOT (EXISTS
                  (SELECT *
                   FROM source_items AS sayer
                   WHERE sayer.block_id = left_block.id))
       AND NOT (EXISTS
                  (SELECT *
                   FROM relations AS holding
                   WHERE holding.from_ = left_block.id))
       AND NOT (EXISTS
                  (SELECT *
                   FROM relations AS holding
                   WHERE holding.to_ = left_block.id))) RETURNING blocks.id
