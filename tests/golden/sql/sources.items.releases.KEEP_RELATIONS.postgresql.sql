UPDATE relations
SET is_given=:is_given::INTEGER
WHERE relations.is_given = :is_given_1::INTEGER
  AND relations.id IN
    (SELECT sayings.relation_id
     FROM source_items AS own_item
     JOIN sayings ON sayings.item_id = own_item.id
     WHERE own_item.source_id = :source::BIGINT
       AND sayings.relation_id IS NOT NULL)
  AND (EXISTS
         (SELECT *
          FROM sources
          WHERE sources.id = :source::BIGINT
            AND sources.updated_at = coalesce(CAST(:read_at::VARCHAR AS TIMESTAMP WITH TIME ZONE), sources.updated_at)))
