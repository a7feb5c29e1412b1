INSERT INTO relations (created_at, updated_at, from_, to_, content, is_given)
SELECT CAST(:now::VARCHAR AS TIMESTAMP WITH TIME ZONE) AS anon_1,
       CAST(:now::VARCHAR AS TIMESTAMP WITH TIME ZONE) AS anon__1,
       from_item.block_id,
       to_item.block_id AS block_id_1,
       given_links.content,
       :param_1::INTEGER AS anon_2
FROM
  (SELECT *
   FROM json_to_recordset(CAST(:links::VARCHAR AS json)) AS given(source bigint, from_key text, to_source bigint, to_key text, content text, place bigint)) AS given_links
JOIN source_items AS from_item ON from_item.source_id = given_links.source
AND from_item.key = given_links.from_key
JOIN source_items AS to_item ON to_item.source_id = given_links.to_source
AND to_item.key = given_links.to_key
WHERE from_item.block_id IS NOT NULL
  AND to_item.block_id IS NOT NULL
  AND to_item.digest != :digest_1::VARCHAR
  AND NOT (EXISTS
             (SELECT *
              FROM sayings
              WHERE sayings.item_id = from_item.id
                AND sayings.place = given_links.place))
  AND
    (SELECT set_config('inkcre.last_of_relations', coalesce(nullif(current_setting('inkcre.last_of_relations', true), ''), CAST(coalesce(pg_sequence_last_value('relations_id_seq'), 0) AS text)), true)) IS NOT NULL ON CONFLICT DO NOTHING
