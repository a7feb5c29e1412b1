SELECT blocks.id,
       to_char(blocks.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS created_at,
       to_char(blocks.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS updated_at,
       blocks.storage,
       blocks.resolver,
       blocks.content,
       blocks.is_given,
       blocks.digest AS kept_digest
FROM blocks
WHERE blocks.id > :after::BIGINT
  AND blocks.id <= :last::BIGINT
ORDER BY blocks.id
LIMIT :limit::INTEGER
