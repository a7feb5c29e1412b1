UPDATE blocks
SET is_given=:is_given::INTEGER
WHERE (EXISTS
         (SELECT source_items.id
          FROM source_items))
  AND blocks.is_given = :is_given_1::INTEGER
  AND blocks.digest IN
    (SELECT given_stated.digest
     FROM
       (SELECT *
        FROM json_to_recordset(CAST(:stated::VARCHAR AS json)) AS given(digest text)) AS given_stated)
