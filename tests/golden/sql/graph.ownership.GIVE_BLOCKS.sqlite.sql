UPDATE blocks
SET is_given=:is_given
WHERE (EXISTS
         (SELECT source_items.id
          FROM source_items))
  AND blocks.is_given = :is_given_1
  AND blocks.digest IN
    (SELECT given_stated.digest
     FROM
       (SELECT value ->> 'digest' AS digest
        FROM json_each(:stated)) AS given_stated)
