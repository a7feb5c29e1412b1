SELECT relations.id,
       relations.created_at AS created_at,
       relations.updated_at AS updated_at,
       from_block.digest AS from_digest,
       to_block.digest AS to_digest,
       relations.content,
       relations.is_given
FROM relations
JOIN blocks AS from_block ON from_block.id = relations.from_
JOIN blocks AS to_block ON to_block.id = relations.to_
WHERE relations.id > :after_id
ORDER BY relations.id
LIMIT :limit
OFFSET :param_1
