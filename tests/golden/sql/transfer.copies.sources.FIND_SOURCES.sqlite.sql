SELECT given_keys.ord,
       sources.id,
       sources.created_at AS created_at,
       sources.updated_at AS updated_at,
       sources.type,
       sources.nickname,
       sources.config,
       sources.collect_at,
       sources.state
FROM
  (SELECT value ->> 'ord' AS ord,
          value ->> 'id' AS id
   FROM json_each(:keys)) AS given_keys
JOIN sources ON sources.id = given_keys.id
