UPDATE relations
SET is_given=:is_given
WHERE relations.is_given = :is_given_1
  AND relations.id IN
    (SELECT sayings.relation_id
     FROM source_items AS own_item
     JOIN sayings ON sayings.item_id = own_item.id
     WHERE own_item.source_id = :source
       AND sayings.relation_id IS NOT NULL)
  AND (EXISTS
         (SELECT *
          FROM sources
          WHERE sources.id = :source
            AND sources.updated_at = coalesce(:read_at, sources.updated_at)))
