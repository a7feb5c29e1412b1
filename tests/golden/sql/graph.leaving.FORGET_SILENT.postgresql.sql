DELETE
FROM source_items
WHERE source_items.digest = :digest_1::VARCHAR
  AND source_items.block_id IN
    (SELECT left_block.id
     FROM blocks AS left_block
     WHERE left_block.id IN
         (SELECT given_left.id
          FROM
            (SELECT *
             FROM json_to_recordset(CAST(:left::VARCHAR AS json)) AS given(id bigint)) AS given_left)
       AND left_block.is_given = :is_given_1::INTEGER
       AND NOT (EXISTS
                  (SELECT *
                   FROM source_items AS sayer
                   WHERE sayer.block_id = left_block.id
                     AND sayer.digest != :digest_2::VARCHAR))
       AND NOT (EXISTS
                  (SELECT *
                   FROM relations AS holding
                   WHERE holding.from_ = left_block.id
                     AND (holding.is_given = :is_given_2::INTEGER
                          OR (EXISTS
                                (SELECT *
                                 FROM sayings
                                 WHERE sayings.relation_id = holding.id
                                   AND sayings.is_link = :is_link_1::INTEGER)))))
       AND NOT (EXISTS
                  (SELECT *
                   FROM relations AS holding
                   WHERE holding.to_ = left_block.id
                     AND (holding.is_given = :is_given_3::INTEGER
                          OR (EXISTS
                                (SELECT *
                                 FROM sayings
                                 WHERE sayings.relation_id = holding.id
                                   AND sayings.is_link = :is_link_1::INTEGER))))))
