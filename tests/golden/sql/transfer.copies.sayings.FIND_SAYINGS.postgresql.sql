SELECT given_keys.ord,
       from_block.digest AS from_digest,
       to_block.digest AS to_digest,
       relations.content,
       sayings.is_link
FROM
  (SELECT *
   FROM json_to_recordset(CAST(:keys::VARCHAR AS json)) AS given(ord bigint, source bigint, key text, place bigint)) AS given_keys
JOIN source_items ON source_items.source_id = given_keys.source
AND source_items.key = given_keys.key
JOIN sayings ON sayings.item_id = source_items.id
AND sayings.place = given_keys.place
LEFT OUTER JOIN relations ON relations.id = sayings.relation_id
LEFT OUTER JOIN blocks AS from_block ON from_block.id = relations.from_
LEFT OUTER JOIN blocks AS to_block ON to_block.id = relations.to_
