SELECT blocks.id,
       to_char(blocks.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS created_at,
       to_char(blocks.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS updated_at,
       blocks.storage,
       blocks.resolver,
       blocks.content
FROM blocks
WHERE blocks.id IN
    (SELECT given_frontier.id
     FROM
       (SELECT *
        FROM json_to_recordset(CAST(:frontier::VARCHAR AS json)) AS given(id bigint)) AS given_frontier)
ORDER BY blocks.id
