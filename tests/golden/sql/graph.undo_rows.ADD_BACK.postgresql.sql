INSERT INTO blocks (id, created_at, updated_at,
                    storage, resolver, content, digest, is_given)
SELECT given_back.id,
       CAST(given_back.created_at AS TIMESTAMP WITH TIME ZONE) AS anon_1,
       CAST(given_back.updated_at AS TIMESTAMP WITH TIME ZONE) AS anon_2,
       given_back.storage,
       given_back.resolver,
       given_back.content,
       given_back.digest,
       CASE
           WHEN (given_back.digest IN
                   (SELECT source_items.block_digest
                    FROM source_items
                    WHERE source_items.block_id IS NULL
                      AND source_items.digest != :digest_1::VARCHAR)) THEN given_back.is_given
           ELSE 1
       END AS anon_3
FROM
  (SELECT *
   FROM json_to_recordset(CAST(:back::VARCHAR AS json)) AS given(ord bigint, id bigint, created_at text, updated_at text,
                                                                 storage text, resolver text, content text, digest text, is_given bigint)) AS given_back
WHERE
    (SELECT set_config('inkcre.last_of_blocks', coalesce(nullif(current_setting('inkcre.last_of_blocks', true), ''), CAST(coalesce(pg_sequence_last_value('blocks_id_seq'), 0) AS text)), true)) IS NOT NULL
ORDER BY given_back.ord
