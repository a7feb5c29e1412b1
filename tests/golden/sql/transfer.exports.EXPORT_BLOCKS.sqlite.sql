SELECT blocks.id,
       blocks.created_at AS created_at,
       blocks.updated_at AS updated_at,
       blocks.storage,
       blocks.resolver,
       blocks.content,
       blocks.is_given,
       blocks.digest AS kept_digest
FROM blocks
WHERE blocks.id > :after
  AND blocks.id <= :last
ORDER BY blocks.id
LIMIT :limit
OFFSET :param_1
