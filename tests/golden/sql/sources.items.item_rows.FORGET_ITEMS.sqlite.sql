DELETE
FROM source_items
WHERE source_items.id IN
    (SELECT given_gone.id
     FROM
       (SELECT value ->> 'id' AS id
        FROM json_each(:gone)) AS given_gone)
  AND NOT (EXISTS
             (SELECT *
              FROM blocks
              WHERE blocks.id = source_items.block_id
                AND blocks.is_given = :is_given_1))
