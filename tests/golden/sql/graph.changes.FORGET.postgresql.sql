UPDATE changes
SET actor=NULL,
    action=:action::VARCHAR,
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
        LIMIT :number::INTEGER) AS first
     WHERE first.created_at < CAST(:before::VARCHAR AS TIMESTAMP WITH TIME ZONE))
  AND changes.action != :action_1::VARCHAR
