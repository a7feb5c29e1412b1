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
JOIN blocks AS from_block ON from_block.id = relations.from_
JOIN blocks AS to_block ON to_block.id = relations.to_
WHERE (relations.from_,
       relations.id) > (:after_from,
                        :after)
  AND relations.from_ <= :last
  AND relations.to_ <= :last
  AND relations.id <= :last_relation
ORDER BY relations.from_,
         relations.id
LIMIT :limit
OFFSET :param_1
