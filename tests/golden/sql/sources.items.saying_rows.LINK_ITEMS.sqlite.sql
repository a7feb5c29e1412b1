INSERT INTO relations (created_at, updated_at, from_, to_, content, is_given)
SELECT :now AS anon_1,
       :now AS anon__1,
       from_item.block_id,
       to_item.block_id AS block_id_1,
       given_links.content,
       :param_1 AS anon_2
FROM
  (SELECT value ->> 'source' AS source,
          value ->> 'from_key' AS from_key,
          value ->> 'to_source' AS to_source,
          value ->> 'to_key' AS to_key,
          value ->> 'content' AS content,
          value ->> 'place' AS place
   FROM json_each(:links)) AS given_links
JOIN source_items AS from_item ON from_item.source_id = given_links.source
AND from_item."key" = given_links.from_key
JOIN source_items AS to_item ON to_item.source_id = given_links.to_source
AND to_item."key" = given_links.to_key
WHERE from_item.block_id IS NOT NULL
  AND to_item.block_id IS NOT NULL
  AND to_item.digest != :digest_1
  AND NOT (EXISTS
             (SELECT *
              FROM sayings
              WHERE sayings.item_id = from_item.id
                AND sayings.place = given_links.place))
  AND 1 = 1 ON CONFLICT DO NOTHING
