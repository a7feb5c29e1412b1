SELECT relations.id,
       relations.created_at AS anon_1,
       relations.updated_at AS anon_2,
       from_block.digest,
       to_block.digest AS digest_1,
       relations.content
FROM relations
JOIN blocks AS from_block ON from_block.id = relations.from_
JOIN blocks AS to_block ON to_block.id = relations.to_
WHERE relations.id > :after_id
ORDER BY relations.id
LIMIT :limit
OFFSET :param_1
