INSERT INTO relations (id, created_at, updated_at, from_, to_, content, is_given)
SELECT numbered.id,
       CAST(coalesce(numbered.created_at, :now::VARCHAR) AS TIMESTAMP WITH TIME ZONE) AS anon_1,
       CAST(coalesce(numbered.updated_at, numbered.created_at, :now::VARCHAR) AS TIMESTAMP WITH TIME ZONE) AS anon_2,
       coalesce(numbered.from_id, from_block.id) AS coalesce_1,
       coalesce(numbered.to_id, to_block.id) AS coalesce_2,
       numbered.content,
       :is_given::INTEGER AS anon_3
FROM
  (SELECT nextval('relations_id_seq') AS id,
          given_relations.ord AS ord,
          given_relations.created_at AS created_at,
          given_relations.updated_at AS updated_at,
          given_relations.from_id AS from_id,
          given_relations.from_digest AS from_digest,
          given_relations.to_id AS to_id,
          given_relations.to_digest AS to_digest,
          given_relations.content AS content
   FROM
     (SELECT *
      FROM json_to_recordset(CAST(:relations::VARCHAR AS json)) AS given(ord bigint, created_at text, updated_at text, from_id bigint, from_digest text, to_id bigint, to_digest text, content text)) AS given_relations) AS numbered
LEFT OUTER JOIN blocks AS from_block ON from_block.digest = numbered.from_digest
LEFT OUTER JOIN blocks AS to_block ON to_block.digest = numbered.to_digest
WHERE
    (SELECT set_config('inkcre.last_of_relations', coalesce(nullif(current_setting('inkcre.last_of_relations', true), ''), CAST(coalesce(pg_sequence_last_value('relations_id_seq'), 0) AS text)), true)) IS NOT NULL
ORDER BY coalesce(numbered.from_id, from_block.id),
         coalesce(numbered.to_id, to_block.id),
         numbered.content ON CONFLICT DO NOTHING RETURNING relations.id
