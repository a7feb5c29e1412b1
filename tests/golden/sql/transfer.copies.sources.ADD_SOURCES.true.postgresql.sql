INSERT INTO sources (id, created_at, updated_at, type, nickname, config, collect_at, state)
SELECT given_sources.id,
       CAST(given_sources.created_at AS TIMESTAMP WITH TIME ZONE) AS anon_1,
       CAST(given_sources.updated_at AS TIMESTAMP WITH TIME ZONE) AS anon_2,
       given_sources.type,
       given_sources.nickname,
       given_sources.config,
       given_sources.collect_at,
       given_sources.state
FROM
  (SELECT *
   FROM json_to_recordset(CAST(:sources::VARCHAR AS json)) AS given(ord bigint, id bigint, created_at text, updated_at text, type text, nickname text, config text, collect_at text, state text)) AS given_sources
WHERE true
ORDER BY given_sources.ord ON CONFLICT DO NOTHING
