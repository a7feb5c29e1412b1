SELECT blocks.id,
       blocks.created_at AS created_at,
       blocks.updated_at AS updated_at,
       blocks.storage,
       blocks.resolver,
       blocks.content,
       blocks.digest,
       blocks.is_given
FROM blocks
WHERE blocks.id > :after_id
ORDER BY blocks.id
LIMIT :limit
OFFSET :param_1
