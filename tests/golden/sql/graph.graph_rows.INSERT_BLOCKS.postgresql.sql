INSERT INTO blocks (id, created_at, updated_at,
                    storage, resolver, content, digest, is_given)
SELECT numbered.id,
       CAST(coalesce(numbered.created_at, :now::VARCHAR) AS TIMESTAMP WITH TIME ZONE) AS anon_1,
       CAST(coalesce(numbered.updated_at, numbered.created_at, :now::VARCHAR) AS TIMESTAMP WITH TIME ZONE) AS anon_2,
       numbered.storage,
       numbered.resolver,
       numbered.content,
       numbered.digest,
       :is_given::INTEGER AS anon_3
FROM
  (SELECT nextval('blocks_id_seq') AS id,
          given_blocks.ord AS ord,
          given_blocks.created_at AS created_at,
          given_blocks.updated_at AS updated_at,
          given_blocks.storage AS
   storage,
          given_blocks.resolver AS resolver,
          given_blocks.content AS content,
          given_blocks.digest AS digest
   FROM
     (SELECT *
      FROM json_to_recordset(CAST(:blocks::VARCHAR AS json)) AS given(ord bigint, created_at text, updated_at text,
                                                                      storage text, resolver text, content text, digest text)) AS given_blocks) AS numbered
WHERE
    (SELECT set_config('inkcre.last_of_blocks', coalesce(nullif(current_setting('inkcre.last_of_blocks', true), ''), CAST(coalesce(pg_sequence_last_value('blocks_id_seq'), 0) AS text)), true)) IS NOT NULL
ORDER BY numbered.digest ON CONFLICT DO NOTHING RETURNING blocks.id
