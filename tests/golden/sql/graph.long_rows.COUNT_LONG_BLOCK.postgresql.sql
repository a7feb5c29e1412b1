INSERT INTO blocks (created_at, updated_at,
                    storage, resolver, content, digest, is_given)
SELECT CAST(coalesce(:created_at::VARCHAR, :now::VARCHAR) AS TIMESTAMP WITH TIME ZONE) AS anon_1,
       CAST(coalesce(:updated_at::VARCHAR, :created_at::VARCHAR, :now::VARCHAR) AS TIMESTAMP WITH TIME ZONE) AS anon_2,
       :storage::VARCHAR AS anon_3,
       :resolver::VARCHAR AS anon_4,
       :content::VARCHAR AS anon_5,
       :digest::VARCHAR AS anon_6,
       :is_given::INTEGER AS anon_7
WHERE
    (SELECT set_config('inkcre.last_of_blocks', coalesce(nullif(current_setting('inkcre.last_of_blocks', true), ''), CAST(coalesce(pg_sequence_last_value('blocks_id_seq'), 0) AS text)), true)) IS NOT NULL ON CONFLICT DO NOTHING
