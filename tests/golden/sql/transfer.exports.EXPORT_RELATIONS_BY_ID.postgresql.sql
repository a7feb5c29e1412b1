SELECT relations.from_,
       relations.to_,
       relations.id,
       from_block.digest AS from_digest,
       to_block.digest AS to_digest,
       to_char(relations.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS created_at,
       to_char(relations.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS updated_at,
       relations.content,
       relations.is_given
FROM relations
LEFT OUTER JOIN blocks AS from_block ON from_block.id = relations.from_
LEFT OUTER JOIN blocks AS to_block ON to_block.id = relations.to_
WHERE relations.id BETWEEN :low::BIGINT AND :high::BIGINT
ORDER BY relations.id
