INSERT INTO blocks (created_at, updated_at,
                    storage, resolver, content, digest, is_given)
SELECT CAST(coalesce(given_blocks.created_at, :now::VARCHAR) AS TIMESTAMP WITH TIME ZONE) AS anon_1,
       CAST(coalesce(given_blocks.updated_at, given_blocks.created_at, :now::VARCHAR) AS TIMESTAMP WITH TIME ZONE) AS anon_2,
       given_blocks.storage,
       given_blocks.resolver,
       given_blocks.content,
       given_blocks.digest,
       coalesce(given_blocks.is_given, :is_given::INTEGER) AS coalesce_1
FROM
  (SELECT *
   FROM json_to_recordset(CAST(:blocks::VARCHAR AS json)) AS given(ord bigint, created_at text, updated_at text,
                                                                   storage text, resolver text, content text, digest text, is_given bigint)) AS given_blocks
WHERE
    (SELECT set_config('inkcre.last_of_blocks', coalesce(nullif(current_setting('inkcre.last_of_blocks', true), ''), CAST(coalesce(pg_sequence_last_value('blocks_id_seq'), 0) AS text)), true)) IS NOT NULL
ORDER BY given_blocks.ord ON CONFLICT DO NOTHING
