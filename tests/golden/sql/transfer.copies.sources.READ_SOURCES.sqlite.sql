SELECT sources.id,
       sources.created_at AS created_at,
       sources.updated_at AS updated_at,
       sources.type,
       sources.nickname,
       sources.config,
       sources.collect_at,
       sources.state
FROM sources
WHERE sources.id > :after_id
ORDER BY sources.id
LIMIT :limit
OFFSET :param_1
