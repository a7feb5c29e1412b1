SELECT DISTINCT from_item.source_id,
                from_item.key,
                from_item.arcs
FROM
  (SELECT *
   FROM json_to_recordset(CAST(:keys::VARCHAR AS json)) AS given(source bigint, key text)) AS given_keys
JOIN source_items AS to_item ON to_item.source_id = given_keys.source
AND to_item.key = given_keys.key
JOIN relations AS "leading" ON "leading".to_ = to_item.block_id
JOIN sayings ON sayings.relation_id = "leading".id
AND sayings.is_link = :is_link_1::INTEGER
JOIN source_items AS from_item ON from_item.id = sayings.item_id
WHERE from_item.digest != :digest_1::VARCHAR
