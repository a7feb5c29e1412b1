SELECT source_items.block_id,
       source_items.source_id,
       source_items."key",
       source_items.arcs
FROM
  (SELECT value ->> 'source' AS source,
          value ->> 'key' AS key
   FROM json_each(:keys)) AS given_keys
JOIN source_items AS twin ON twin."key" = given_keys."key"
AND twin.source_id = :source
JOIN source_items ON source_items.block_id = twin.block_id
