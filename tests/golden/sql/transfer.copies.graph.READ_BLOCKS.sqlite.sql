SELECT blocks.id,
       blocks.created_at AS anon_1,
       blocks.updated_at AS anon_2,
       blocks.storage,
       blocks.resolver,
       blocks.content,
       blocks.digest
FROM blocks
WHERE blocks.id > :after_id
ORDER BY blocks.id
LIMIT :limit
OFFSET :param_1
