SELECT
  (SELECT count(*) AS count_1
   FROM source_items AS own_item
   WHERE own_item.source_id = :source
     AND own_item.digest != :digest_1) AS items,
  (SELECT count(*) AS count_2
   FROM
     (SELECT own_item.block_id AS block_id
      FROM source_items AS own_item
      WHERE own_item.source_id = :source
        AND own_item.block_id IS NOT NULL
      UNION SELECT around.id AS id
      FROM
        (SELECT end_block.id AS id
         FROM source_items AS own_item
         JOIN json_each(own_item.arcs) AS arc ON 1 = 1
         JOIN blocks AS end_block ON end_block.digest = (arc.value ->> 0)
         WHERE own_item.source_id = :source
         UNION SELECT end_block.id AS id
         FROM source_items AS own_item
         JOIN json_each(own_item.arcs) AS arc ON 1 = 1
         JOIN blocks AS end_block ON end_block.digest = (arc.value ->> 1)
         WHERE own_item.source_id = :source) AS around
      UNION SELECT ends_of_said.id AS id
      FROM
        (SELECT relations.from_ AS id
         FROM relations
         WHERE relations.id IN
             (SELECT sayings.relation_id
              FROM source_items AS own_item
              JOIN sayings ON sayings.item_id = own_item.id
              WHERE own_item.source_id = :source
                AND sayings.relation_id IS NOT NULL)
         UNION SELECT relations.to_ AS to_
         FROM relations
         WHERE relations.id IN
             (SELECT sayings.relation_id
              FROM source_items AS own_item
              JOIN sayings ON sayings.item_id = own_item.id
              WHERE own_item.source_id = :source
                AND sayings.relation_id IS NOT NULL)) AS ends_of_said) AS brought) AS blocks,
       :param_1 AS blocks_gone
