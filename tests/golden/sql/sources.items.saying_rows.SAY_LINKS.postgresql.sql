INSERT INTO sayings (item_id, place, relation_id, is_link)
SELECT from_item.id,
       given_links.place,
       linking.id AS id_1,
       :param_1::INTEGER AS anon_1
FROM
  (SELECT *
   FROM json_to_recordset(CAST(:links::VARCHAR AS json)) AS given(source bigint, from_key text, to_source bigint, to_key text, content text, place bigint)) AS given_links
JOIN source_items AS from_item ON from_item.source_id = given_links.source
AND from_item.key = given_links.from_key
JOIN source_items AS to_item ON to_item.source_id = given_links.to_source
AND to_item.key = given_links.to_key
JOIN relations AS linking ON linking.from_ = from_item.block_id
AND linking.to_ = to_item.block_id
AND linking.content = given_links.content
WHERE from_item.block_id IS NOT NULL
  AND to_item.block_id IS NOT NULL
  AND to_item.digest != :digest_1::VARCHAR
  AND NOT (EXISTS
             (SELECT *
              FROM sayings
              WHERE sayings.item_id = from_item.id
                AND sayings.place = given_links.place)) ON CONFLICT DO NOTHING
