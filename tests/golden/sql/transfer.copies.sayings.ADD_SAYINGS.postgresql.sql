INSERT INTO sayings (item_id, place, relation_id, is_link)
SELECT source_items.id,
       given_sayings.place,
  (SELECT same.id
   FROM relations AS same
   WHERE same.from_ = from_block.id
     AND same.to_ = to_block.id
     AND same.content = given_sayings.content) AS anon_1,
       given_sayings.is_link
FROM
  (SELECT *
   FROM json_to_recordset(CAST(:sayings::VARCHAR AS json)) AS given(ord bigint, source bigint, key text, digest text, place bigint, from_digest text, to_digest text, content text, is_link bigint)) AS given_sayings
JOIN source_items ON source_items.source_id = given_sayings.source
AND source_items.key = given_sayings.key
LEFT OUTER JOIN blocks AS from_block ON from_block.digest = given_sayings.from_digest
LEFT OUTER JOIN blocks AS to_block ON to_block.digest = given_sayings.to_digest
WHERE (given_sayings.content IS NULL
       OR
         (SELECT same.id
          FROM relations AS same
          WHERE same.from_ = from_block.id
            AND same.to_ = to_block.id
            AND same.content = given_sayings.content) IS NOT NULL)
  AND (given_sayings.digest IS NULL
       OR source_items.digest = given_sayings.digest)
ORDER BY given_sayings.ord ON CONFLICT DO NOTHING
