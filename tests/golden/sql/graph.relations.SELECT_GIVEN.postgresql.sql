SELECT relations.id,
       to_char(relations.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS created_at,
       to_char(relations.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS updated_at,
       relations.from_,
       relations.to_,
       relations.content
FROM relations
WHERE relations.from_ = :from_::BIGINT
  AND relations.to_ = :to_::BIGINT
  AND relations.content = :content::VARCHAR
  AND relations.is_given = :is_given_1::INTEGER
