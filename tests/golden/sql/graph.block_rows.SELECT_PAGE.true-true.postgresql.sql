SELECT blocks.id,
       to_char(blocks.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS created_at,
       to_char(blocks.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS updated_at,
       blocks.storage,
       blocks.resolver,
       blocks.content
FROM blocks
WHERE blocks.id < :before::BIGINT
  AND blocks.resolver = :resolver::VARCHAR
  AND blocks.storage = :storage::VARCHAR
ORDER BY blocks.id DESC
LIMIT :limit::INTEGER
