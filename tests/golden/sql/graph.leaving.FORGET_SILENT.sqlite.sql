DELETE
FROM source_items
WHERE source_items.digest = :digest_1
  AND source_items.block_id IN
    (SELECT left_block.id
     FROM blocks AS left_block
     WHERE left_block.id IN
         (SELECT given_left.id
          FROM
            (SELECT value ->> 'id' AS id
             FROM json_each(:left)) AS given_left)
       AND left_block.is_given = :is_given_1
       AND NOT (EXISTS
                  (SELECT *
                   FROM source_items AS sayer
                   WHERE sayer.block_id = left_block.id
                     AND sayer.digest != :digest_2))
       AND NOT (EXISTS
                  (SELECT *
                   FROM relations AS holding
                   WHERE holding.from_ = left_block.id
                     AND (holding.is_given = :is_given_2
                          OR (EXISTS
                                (SELECT *
                                 FROM sayings
                                 WHERE sayings.relation_id = holding.id
                                   AND sayings.is_link = :is_link_1)))))
       AND NOT (EXISTS
                  (SELECT *
                   FROM relations AS holding
                   WHERE holding.to_ = left_block.id
                     AND (holding.is_given = :is_given_3
                          OR (EXISTS
                                (SELECT *
                                 FROM sayings
                                 WHERE sayings.relation_id = holding.id
                                   AND sayings.is_link = :is_link_1))))))
