UPDATE blocks
SET is_given=:is_given::INTEGER
WHERE blocks.is_given = :is_given_1::INTEGER
  AND blocks.id IN
    (SELECT to_give.id
     FROM blocks AS to_give
     WHERE to_give.is_given = :is_given_2::INTEGER
       AND to_give.digest IN
         (SELECT given_blocks.digest
          FROM
            (SELECT *
             FROM json_to_recordset(CAST(CASE
                                             WHEN ((EXISTS
                                                      (SELECT source_items.id
                                                       FROM source_items))
                                                   AND
                                                     (SELECT count(*) AS count_1
                                                      FROM blocks
                                                      WHERE blocks.id > CAST(nullif(current_setting('inkcre.last_of_blocks', true), '') AS bigint)
                                                        AND blocks.xmin = CAST(pg_current_xact_id_if_assigned() AS xid)) != :number::INTEGER) THEN :blocks::VARCHAR
                                             ELSE '[]'
                                         END AS json)) AS given(ord bigint, created_at text, updated_at text,
                                                                storage text, resolver text, content text, digest text, is_given bigint)) AS given_blocks
          WHERE coalesce(given_blocks.is_given, :coalesce_1::INTEGER) = :coalesce_2::BIGINT)
     ORDER BY to_give.id
     FOR NO KEY UPDATE)
