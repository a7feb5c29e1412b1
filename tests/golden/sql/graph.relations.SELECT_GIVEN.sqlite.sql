SELECT relations.id,
       relations.created_at AS created_at,
       relations.updated_at AS updated_at,
       relations.from_,
       relations.to_,
       relations.content
FROM relations
WHERE relations.from_ = :from_
  AND relations.to_ = :to_
  AND relations.content = :content
  AND relations.is_given = :is_given_1
