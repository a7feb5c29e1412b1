DELETE
FROM blocks
WHERE blocks.id IN
    (SELECT present.id
     FROM
       (SELECT value ->> 'id' AS id,
               value ->> 'digest' AS digest
        FROM json_each(:orphaned)) AS given_orphaned
     JOIN blocks AS present ON present.id = given_orphaned.id
     WHERE present.digest = given_orphaned.digest
       AND NOT (EXISTS
                  (SELECT *
                   FROM source_items AS twin
                   WHERE twin.block_id = given_orphaned.id))
       AND NOT (EXISTS
                  (SELECT *
                   FROM relations
                   WHERE relations.from_ = given_orphaned.id
                     AND NOT (EXISTS
                                (SELECT *
                                 FROM source_items AS neighbour
                                 WHERE neighbour.block_id = relations.to_
                                   AND neighbour.source_id = :source))))
       AND NOT (EXISTS
                  (SELECT *
                   FROM relations
                   WHERE relations.to_ = given_orphaned.id
                     AND NOT (EXISTS
                                (SELECT *
                                 FROM source_items AS neighbour
                                 WHERE neighbour.block_id = relations.from_
                                   AND neighbour.source_id = :source)))))
