INSERT INTO sources (created_at, updated_at, type, nickname, config, collect_at, state)
SELECT given_sources.created_at AS anon_1,
       given_sources.updated_at AS anon_2,
       given_sources.type,
       given_sources.nickname,
       given_sources.config,
       given_sources.collect_at,
       given_sources.state
FROM
  (SELECT value ->> 'ord' AS ord,
          value ->> 'id' AS id,
          value ->> 'created_at' AS created_at,
          value ->> 'updated_at' AS updated_at,
          value ->> 'type' AS type,
          value ->> 'nickname' AS nickname,
          value ->> 'config' AS config,
          value ->> 'collect_at' AS collect_at,
          value ->> 'state' AS state
   FROM json_each(:sources)) AS given_sources
WHERE 1 = 1
ORDER BY given_sources.ord ON CONFLICT DO NOTHING
