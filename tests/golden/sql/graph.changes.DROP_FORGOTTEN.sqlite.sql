DELETE
FROM changes
WHERE changes.id <
    (SELECT max(first.id) AS max_1
     FROM
       (SELECT changes.id AS id,
               changes.action AS action
        FROM changes
        ORDER BY changes.id
        LIMIT :number
        OFFSET :param_1) AS first
     WHERE first.action = :action_1)
