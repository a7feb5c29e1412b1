SELECT blocks.id,
       blocks.created_at AS created_at,
       blocks.updated_at AS updated_at,
       blocks.storage,
       blocks.resolver,
       blocks.content
FROM blocks
WHERE blocks.id IN
    (SELECT given_frontier.id
     FROM
       (SELECT value ->> 'id' AS id
        FROM json_each(:frontier)) AS given_frontier)
ORDER BY blocks.id
