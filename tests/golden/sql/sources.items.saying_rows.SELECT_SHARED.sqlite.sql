SELECT source_items.id
FROM
  (SELECT value ->> 'id' AS id
   FROM json_each(:asked)) AS given_asked
JOIN source_items ON source_items.id = given_asked.id
WHERE (EXISTS
         (SELECT *
          FROM source_items AS other_item
          WHERE other_item.block_id = source_items.block_id
            AND other_item.id != source_items.id
            AND other_item.digest != :digest_1))
  OR (EXISTS
        (SELECT *
         FROM relations AS star_relation,
              sayings AS other_saying
         WHERE star_relation.from_ = source_items.block_id
           AND other_saying.relation_id = star_relation.id
           AND other_saying.item_id != source_items.id
           AND other_saying.is_link = :is_link_1))
  OR (EXISTS
        (SELECT *
         FROM relations AS star_relation,
              sayings AS other_saying
         WHERE star_relation.to_ = source_items.block_id
           AND other_saying.relation_id = star_relation.id
           AND other_saying.item_id != source_items.id
           AND other_saying.is_link = :is_link_2))
