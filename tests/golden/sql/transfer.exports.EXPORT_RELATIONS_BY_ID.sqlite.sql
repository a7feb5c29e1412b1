SELECT relations.from_,
       relations.to_,
       relations.id,
       from_block.digest AS from_digest,
       to_block.digest AS to_digest,
       relations.created_at AS created_at,
       relations.updated_at AS updated_at,
       relations.content,
       relations.is_given
FROM relations
LEFT OUTER JOIN blocks AS from_block ON from_block.id = relations.from_
LEFT OUTER JOIN blocks AS to_block ON to_block.id = relations.to_
WHERE relations.id BETWEEN :low AND :high
ORDER BY relations.id
