SELECT changes.id,
       changes.created_at AS created_at,
       changes.actor,
       changes.action,
       changes.blocks,
       changes.relations,
       changes.changed,
       changes.deleted
FROM changes
WHERE changes.id > :after
  AND changes.id <= :last
  AND changes.action != :action_1
  AND changes.action != :action_2
ORDER BY changes.id
LIMIT :limit
OFFSET :param_1
