DELETE
FROM sayings
WHERE sayings.is_link = :is_link_1
  AND sayings.relation_id IN
    (SELECT led.id
     FROM relations AS led
     WHERE led.to_ IN
         (SELECT given_left.id
          FROM
            (SELECT value ->> 'id' AS id
             FROM json_each(:left)) AS given_left)
       AND NOT (EXISTS
                  (SELECT *
                   FROM source_items AS to_item
                   WHERE to_item.block_id = led.to_
                     AND to_item.digest != :digest_1)))
