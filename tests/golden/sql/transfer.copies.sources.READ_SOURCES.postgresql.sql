SELECT sources.id,
       to_char(sources.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS created_at,
       to_char(sources.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS updated_at,
       sources.type,
       sources.nickname,
       sources.config,
       sources.collect_at,
       sources.state
FROM sources
WHERE sources.id > :after_id::BIGINT
ORDER BY sources.id
LIMIT :limit::INTEGER
