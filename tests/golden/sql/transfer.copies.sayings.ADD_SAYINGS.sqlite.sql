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
  (SELECT value ->> 'ord' AS ord,
          value ->> 'source' AS source,
          value ->> 'key' AS key,
          value ->> 'digest' AS digest,
          value ->> 'place' AS place,
          value ->> 'from_digest' AS from_digest,
          value ->> 'to_digest' AS to_digest,
          value ->> 'content' AS content,
          value ->> 'is_link' AS is_link
   FROM json_each(:sayings)) AS given_sayings
JOIN source_items ON source_items.source_id = given_sayings.source
AND source_items."key" = given_sayings."key"
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
