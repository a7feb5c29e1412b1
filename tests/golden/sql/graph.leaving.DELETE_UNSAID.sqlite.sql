DELETE
FROM relations
WHERE relations.id IN
    (SELECT unsaid_relation.id
     FROM relations AS unsaid_relation
     WHERE unsaid_relation.id IN
         (SELECT given_unsaid.id
          FROM
            (SELECT value ->> 'id' AS id
             FROM json_each(:unsaid)) AS given_unsaid)
       AND unsaid_relation.is_given = :is_given_1
       AND NOT (EXISTS
                  (SELECT *
                   FROM sayings
                   WHERE sayings.relation_id = unsaid_relation.id)))
