INSERT INTO relations (created_at, updated_at, from_, to_, content, is_given)
SELECT CAST(coalesce(given_relations.created_at, :now::VARCHAR) AS TIMESTAMP WITH TIME ZONE) AS anon_1,
       CAST(coalesce(given_relations.updated_at, given_relations.created_at, :now::VARCHAR) AS TIMESTAMP WITH TIME ZONE) AS anon_2,
       coalesce(given_relations.from_id, from_block.id) AS coalesce_1,
       coalesce(given_relations.to_id, to_block.id) AS coalesce_2,
       given_relations.content,
       coalesce(given_relations.is_given, :is_given::INTEGER) AS coalesce_3
FROM
  (SELECT *
   FROM json_to_recordset(CAST(:relations::VARCHAR AS json)) AS given(ord bigint, created_at text, updated_at text, from_id bigint, from_digest text, to_id bigint, to_digest text, content text, is_given bigint)) AS given_relations
LEFT OUTER JOIN blocks AS from_block ON from_block.digest = given_relations.from_digest
LEFT OUTER JOIN blocks AS to_block ON to_block.digest = given_relations.to_digest
WHERE
    (SELECT set_config('inkcre.last_of_relations', coalesce(nullif(current_setting('inkcre.last_of_relations', true), ''), CAST(coalesce(pg_sequence_last_value('relations_id_seq'), 0) AS text)), true)) IS NOT NULL
ORDER BY given_relations.ord ON CONFLICT DO NOTHING
