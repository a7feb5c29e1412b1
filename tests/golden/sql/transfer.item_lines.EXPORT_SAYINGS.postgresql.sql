SELECT sayings.item_id,
       sayings.place,
       sayings.relation_id,
       from_block.digest AS from_digest,
       to_block.digest AS to_digest
FROM sayings
LEFT OUTER JOIN relations ON relations.id = sayings.relation_id
LEFT OUTER JOIN blocks AS from_block ON from_block.id = relations.from_
LEFT OUTER JOIN blocks AS to_block ON to_block.id = relations.to_
WHERE sayings.item_id > :after::BIGINT
  AND sayings.item_id <= :last_item::BIGINT
