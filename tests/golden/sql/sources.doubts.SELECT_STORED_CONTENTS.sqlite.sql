SELECT source_items."key",
       blocks.content
FROM
  (SELECT value ->> 'source' AS source,
          value ->> 'key' AS key,
          value ->> 'digest' AS digest
   FROM json_each(:editions)) AS given_editions
JOIN source_items ON source_items."key" = given_editions."key"
AND source_items.source_id = given_editions.source
JOIN blocks ON blocks.id = source_items.block_id
AND blocks.digest != given_editions.digest
