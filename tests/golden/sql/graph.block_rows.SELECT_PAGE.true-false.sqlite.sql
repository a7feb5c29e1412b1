SELECT blocks.id,
       blocks.created_at AS created_at,
       blocks.updated_at AS updated_at,
       blocks.storage,
       blocks.resolver,
       blocks.content
FROM blocks
WHERE blocks.id < :before
  AND blocks.resolver = :resolver
ORDER BY blocks.id DESC
LIMIT :limit
OFFSET :param_1
