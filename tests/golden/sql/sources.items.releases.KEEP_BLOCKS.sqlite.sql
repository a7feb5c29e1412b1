UPDATE blocks
SET is_given=:is_given
WHERE blocks.is_given = :is_given_1
  AND blocks.id IN
    (SELECT own_item.block_id
     FROM source_items AS own_item
     WHERE own_item.source_id = :source
       AND own_item.block_id IS NOT NULL
     UNION SELECT around.id
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
     UNION SELECT ends_of_said.id
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
               AND sayings.relation_id IS NOT NULL)) AS ends_of_said)
  AND (EXISTS
         (SELECT *
          FROM sources
          WHERE sources.id = :source
            AND sources.updated_at = coalesce(:read_at, sources.updated_at)))
