SELECT sayings.item_id,
       source_items.source_id,
       source_items.key,
       sayings.place,
       source_items.arcs,
       from_block.digest AS from_digest,
       to_block.digest AS to_digest,
       relations.content,
       sayings.is_link
FROM sayings
JOIN source_items ON source_items.id = sayings.item_id
LEFT OUTER JOIN relations ON relations.id = sayings.relation_id
LEFT OUTER JOIN blocks AS from_block ON from_block.id = relations.from_
LEFT OUTER JOIN blocks AS to_block ON to_block.id = relations.to_
WHERE (sayings.item_id,
       sayings.place) > (:after_item_id::BIGINT,
                         :after_place::BIGINT)
ORDER BY sayings.item_id,
         sayings.place
LIMIT :limit::INTEGER
