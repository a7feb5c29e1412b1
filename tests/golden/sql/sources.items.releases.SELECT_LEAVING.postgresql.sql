WITH left_blocks AS
  (SELECT blocks.id AS id
   FROM blocks
   WHERE blocks.id IN
       (SELECT own_item.block_id
        FROM source_items AS own_item
        WHERE own_item.source_id = :source::BIGINT
          AND own_item.block_id IS NOT NULL)
     AND blocks.is_given = :is_given_1::INTEGER
     AND NOT (EXISTS
                (SELECT *
                 FROM source_items AS other_item
                 WHERE other_item.block_id = blocks.id
                   AND other_item.source_id != :source::BIGINT
                   AND other_item.digest != :digest_2::VARCHAR))
     AND NOT ((EXISTS
                 (SELECT *
                  FROM relations AS touching
                  WHERE touching.from_ = blocks.id
                    AND (touching.is_given = :is_given_2::INTEGER
                         OR (EXISTS
                               (SELECT *
                                FROM sayings AS other_saying,
                                     source_items AS other_item
                                WHERE other_saying.relation_id = touching.id
                                  AND other_item.id = other_saying.item_id
                                  AND other_item.source_id != :source::BIGINT
                                  AND other_saying.is_link = :is_link_1::INTEGER)))))
              OR (EXISTS
                    (SELECT *
                     FROM relations AS touching
                     WHERE touching.to_ = blocks.id
                       AND (touching.is_given = :is_given_2::INTEGER
                            OR (EXISTS
                                  (SELECT *
                                   FROM sayings AS other_saying,
                                        source_items AS other_item
                                   WHERE other_saying.relation_id = touching.id
                                     AND other_item.id = other_saying.item_id
                                     AND other_item.source_id != :source::BIGINT
                                     AND other_saying.is_link = :is_link_1::INTEGER))))))),
     lone_blocks AS
  (SELECT blocks.id AS id
   FROM blocks
   WHERE blocks.id IN
       (SELECT around.id
        FROM
          (SELECT end_block.id AS id
           FROM source_items AS own_item
           JOIN json_array_elements(CAST(own_item.arcs AS json)) AS arc ON true
           JOIN blocks AS end_block ON end_block.digest = (arc.value ->> 0)
           WHERE own_item.source_id = :source::BIGINT
           UNION SELECT end_block.id AS id
           FROM source_items AS own_item
           JOIN json_array_elements(CAST(own_item.arcs AS json)) AS arc ON true
           JOIN blocks AS end_block ON end_block.digest = (arc.value ->> 1)
           WHERE own_item.source_id = :source::BIGINT) AS around)
     AND blocks.is_given = :is_given_3::INTEGER
     AND (blocks.id NOT IN
            (SELECT own_item.block_id
             FROM source_items AS own_item
             WHERE own_item.source_id = :source::BIGINT
               AND own_item.block_id IS NOT NULL))
     AND NOT (EXISTS
                (SELECT *
                 FROM source_items AS other_item
                 WHERE other_item.block_id = blocks.id
                   AND other_item.source_id != :source::BIGINT))
     AND NOT ((EXISTS
                 (SELECT *
                  FROM relations AS touching
                  WHERE touching.from_ = blocks.id
                    AND (touching.is_given = :is_given_4::INTEGER
                         OR (EXISTS
                               (SELECT *
                                FROM sayings AS other_saying,
                                     source_items AS other_item
                                WHERE other_saying.relation_id = touching.id
                                  AND other_item.id = other_saying.item_id
                                  AND other_item.source_id != :source::BIGINT))
                         OR NOT (EXISTS
                                   (SELECT *
                                    FROM sayings
                                    WHERE sayings.relation_id = touching.id)))
                    AND NOT (NOT (EXISTS
                                    (SELECT *
                                     FROM sayings
                                     WHERE sayings.relation_id = touching.id))
                             AND (touching.from_ IN
                                    (SELECT left_blocks.id
                                     FROM left_blocks)
                                  OR touching.to_ IN
                                    (SELECT left_blocks.id
                                     FROM left_blocks)))))
              OR (EXISTS
                    (SELECT *
                     FROM relations AS touching
                     WHERE touching.to_ = blocks.id
                       AND (touching.is_given = :is_given_4::INTEGER
                            OR (EXISTS
                                  (SELECT *
                                   FROM sayings AS other_saying,
                                        source_items AS other_item
                                   WHERE other_saying.relation_id = touching.id
                                     AND other_item.id = other_saying.item_id
                                     AND other_item.source_id != :source::BIGINT))
                            OR NOT (EXISTS
                                      (SELECT *
                                       FROM sayings
                                       WHERE sayings.relation_id = touching.id)))
                       AND NOT (NOT (EXISTS
                                       (SELECT *
                                        FROM sayings
                                        WHERE sayings.relation_id = touching.id))
                                AND (touching.from_ IN
                                       (SELECT left_blocks.id
                                        FROM left_blocks)
                                     OR touching.to_ IN
                                       (SELECT left_blocks.id
                                        FROM left_blocks)))))))
SELECT
  (SELECT count(*) AS count_1
   FROM source_items AS own_item
   WHERE own_item.source_id = :source::BIGINT
     AND own_item.digest != :digest_1::VARCHAR) AS items,
  (SELECT count(*) AS count_2
   FROM
     (SELECT own_item.block_id AS block_id
      FROM source_items AS own_item
      WHERE own_item.source_id = :source::BIGINT
        AND own_item.block_id IS NOT NULL
      UNION SELECT around.id AS id
      FROM
        (SELECT end_block.id AS id
         FROM source_items AS own_item
         JOIN json_array_elements(CAST(own_item.arcs AS json)) AS arc ON true
         JOIN blocks AS end_block ON end_block.digest = (arc.value ->> 0)
         WHERE own_item.source_id = :source::BIGINT
         UNION SELECT end_block.id AS id
         FROM source_items AS own_item
         JOIN json_array_elements(CAST(own_item.arcs AS json)) AS arc ON true
         JOIN blocks AS end_block ON end_block.digest = (arc.value ->> 1)
         WHERE own_item.source_id = :source::BIGINT) AS around
      UNION SELECT ends_of_said.id AS id
      FROM
        (SELECT relations.from_ AS id
         FROM relations
         WHERE relations.id IN
             (SELECT sayings.relation_id
              FROM source_items AS own_item
              JOIN sayings ON sayings.item_id = own_item.id
              WHERE own_item.source_id = :source::BIGINT
                AND sayings.relation_id IS NOT NULL)
         UNION SELECT relations.to_ AS to_
         FROM relations
         WHERE relations.id IN
             (SELECT sayings.relation_id
              FROM source_items AS own_item
              JOIN sayings ON sayings.item_id = own_item.id
              WHERE own_item.source_id = :source::BIGINT
                AND sayings.relation_id IS NOT NULL)) AS ends_of_said) AS brought) AS blocks,
  (SELECT count(*) AS count_3
   FROM left_blocks) +
  (SELECT count(*) AS count_4
   FROM lone_blocks) AS blocks_gone
