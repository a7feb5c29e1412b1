UPDATE source_items
SET "key"=given_moves.to_key,
    missing_since=NULL
FROM
  (SELECT value ->> 'source' AS source,
          value ->> 'from_key' AS from_key,
          value ->> 'to_key' AS to_key
   FROM json_each(:moves)) AS given_moves
WHERE source_items.source_id = given_moves.source
  AND source_items."key" = given_moves.from_key
  AND source_items.block_id IS NULL
  AND NOT (EXISTS
             (SELECT *
              FROM source_items AS there
              WHERE there.source_id = given_moves.source
                AND there."key" = given_moves.to_key))
