SELECT blocks.id,
       to_char(blocks.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS anon_1,
       to_char(blocks.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS anon_2,
       blocks.storage,
       blocks.resolver,
       blocks.content,
       blocks.digest
FROM blocks
WHERE blocks.id > :after_id::BIGINT
ORDER BY blocks.id
LIMIT :limit::INTEGER
