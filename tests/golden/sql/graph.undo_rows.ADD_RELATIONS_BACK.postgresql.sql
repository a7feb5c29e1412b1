INSERT INTO relations (id, created_at, updated_at, from_, to_, content, is_given)
SELECT given_relations.id,
       CAST(given_relations.created_at AS TIMESTAMP WITH TIME ZONE) AS anon_1,
       CAST(given_relations.updated_at AS TIMESTAMP WITH TIME ZONE) AS anon_2,
       given_relations.from_,
       given_relations.to_,
       given_relations.content,
       1
FROM
  (SELECT *
   FROM json_to_recordset(CAST(:relations::VARCHAR AS json)) AS given(ord bigint, id bigint, created_at text, updated_at text, from_ bigint, to_ bigint, content text)) AS given_relations
WHERE
    (SELECT set_config('inkcre.last_of_relations', coalesce(nullif(current_setting('inkcre.last_of_relations', true), ''), CAST(coalesce(pg_sequence_last_value('relations_id_seq'), 0) AS text)), true)) IS NOT NULL
ORDER BY given_relations.ord
