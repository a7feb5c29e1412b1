SELECT given_keys.ord,
       sources.id,
       to_char(sources.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS created_at,
       to_char(sources.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS updated_at,
       sources.type,
       sources.nickname,
       sources.config,
       sources.collect_at,
       sources.state
FROM
  (SELECT *
   FROM json_to_recordset(CAST(:keys::VARCHAR AS json)) AS given(ord bigint, id bigint)) AS given_keys
JOIN sources ON sources.id = given_keys.id
