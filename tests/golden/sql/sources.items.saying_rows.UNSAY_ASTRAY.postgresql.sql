DELETE
FROM sayings
WHERE sayings.is_link = :is_link_1::INTEGER
  AND sayings.relation_id IN
    (SELECT led.id
     FROM relations AS led
     WHERE led.to_ = ANY (ARRAY
                            (SELECT given_left.id
                             FROM
                               (SELECT *
                                FROM json_to_recordset(CAST(:left::VARCHAR AS json)) AS given(id bigint)) AS given_left))
       AND NOT (EXISTS
                  (SELECT *
                   FROM source_items AS to_item
                   WHERE to_item.block_id = led.to_
                     AND to_item.digest != :digest_1::VARCHAR)))
