UPDATE changes
SET actor=NULL,
    action=:action,
    blocks=NULL,
    relations=NULL,
    changed=NULL,
    deleted=NULL
WHERE changes.id =
    (SELECT max(first.id) AS max_1
     FROM
       (SELECT changes.id AS id,
               changes.created_at AS created_at
        FROM changes
        ORDER BY changes.id
        LIMIT :number
        OFFSET :param_1) AS first
     WHERE first.created_at < :before)
  AND changes.action != :action_1
