UPDATE blocks
SET is_given=:is_given
WHERE blocks.is_given = :is_given_1
  AND blocks.id IN
    (SELECT to_give.id
     FROM blocks AS to_give
     WHERE to_give.is_given = :is_given_2
       AND to_give.digest IN
         (SELECT given_blocks.digest
          FROM
            (SELECT value ->> 'ord' AS ord,
                    value ->> 'created_at' AS created_at,
                    value ->> 'updated_at' AS updated_at,
                    value ->> 'storage' AS
             storage,
                    value ->> 'resolver' AS resolver,
                    value ->> 'content' AS content,
                    value ->> 'digest' AS digest,
                    value ->> 'is_given' AS is_given
             FROM json_each(CASE
                                WHEN ((EXISTS
                                         (SELECT source_items.id
                                          FROM source_items))
                                      AND
                                        (SELECT count(*) AS count_1
                                         FROM blocks
                                         WHERE blocks.id > coalesce(
                                                                      (SELECT last_of_blocks
                                                                       FROM changes
                                                                       WHERE id =
                                                                           (SELECT max(id)
                                                                            FROM changes)), 0)) != :number) THEN :blocks
                                ELSE '[]'
                            END)) AS given_blocks
          WHERE coalesce(given_blocks.is_given, :coalesce_1) = :coalesce_2)
     ORDER BY to_give.id)
