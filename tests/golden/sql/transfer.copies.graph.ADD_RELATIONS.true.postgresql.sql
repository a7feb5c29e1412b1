INSERT INTO relations (id, created_at, updated_at, from_, to_, content, is_given)
SELECT given_relations.id,
       CAST(given_relations.created_at AS TIMESTAMP WITH TIME ZONE) AS anon_1,
       CAST(given_relations.updated_at AS TIMESTAMP WITH TIME ZONE) AS anon_2,
       from_block.id AS id_1,
       to_block.id AS id_2,
       given_relations.content,
       given_relations.is_given
FROM
  (SELECT *
   FROM json_to_recordset(CAST(:relations::VARCHAR AS json)) AS given(ord bigint, id bigint, created_at text, updated_at text, from_digest text, to_digest text, content text, is_given bigint)) AS given_relations
JOIN blocks AS from_block ON from_block.digest = given_relations.from_digest
JOIN blocks AS to_block ON to_block.digest = given_relations.to_digest
WHERE
    (SELECT set_config('inkcre.last_of_relations', coalesce(nullif(current_setting('inkcre.last_of_relations', true), ''), CAST(least(:above::BIGINT, coalesce(pg_sequence_last_value('relations_id_seq'), 0)) AS text)), true)) IS NOT NULL
ORDER BY given_relations.ord ON CONFLICT DO NOTHING
