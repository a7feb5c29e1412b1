INSERT INTO sayings (item_id, place, relation_id, is_link)
SELECT source_items.id,
       CASE
           WHEN (given_said.is_withheld = :is_withheld_1
                 OR coalesce(given_said.relation_id,
                               (SELECT same.id
                                FROM relations AS same
                                WHERE same.from_ = coalesce(given_said.from_id, from_block.id)
                                  AND same.to_ = coalesce(given_said.to_id, to_block.id)
                                  AND same.content = given_said.content)) IS NOT NULL) THEN given_said.place
           ELSE NULL
       END AS anon_1,
       coalesce(given_said.relation_id,
                  (SELECT same.id
                   FROM relations AS same
                   WHERE same.from_ = coalesce(given_said.from_id, from_block.id)
                     AND same.to_ = coalesce(given_said.to_id, to_block.id)
                     AND same.content = given_said.content)) AS coalesce_1,
       coalesce(given_said.is_link, :coalesce_3) AS coalesce_2
FROM
  (SELECT value ->> 'source' AS source,
          value ->> 'key' AS key,
          value ->> 'place' AS place,
          value ->> 'relation_id' AS relation_id,
          value ->> 'from_id' AS from_id,
          value ->> 'from_digest' AS from_digest,
          value ->> 'to_id' AS to_id,
          value ->> 'to_digest' AS to_digest,
          value ->> 'content' AS content,
          value ->> 'is_link' AS is_link,
          value ->> 'is_withheld' AS is_withheld
   FROM json_each(:said)) AS given_said
JOIN source_items ON source_items.source_id = given_said.source
AND source_items."key" = given_said."key"
LEFT OUTER JOIN blocks AS from_block ON from_block.digest = given_said.from_digest
LEFT OUTER JOIN blocks AS to_block ON to_block.digest = given_said.to_digest
WHERE source_items.digest != :digest_1 ON CONFLICT (item_id,
                                                    place) DO
  UPDATE
  SET relation_id = excluded.relation_id,
      is_link = excluded.is_link
