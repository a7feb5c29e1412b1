SELECT changes.id,
       changes.created_at AS created_at,
       changes.actor,
       changes.action,
       changes.blocks,
       changes.relations,
       changes.changed,
       changes.deleted
FROM changes
WHERE changes.id < :before
  AND changes.action != :action_1
  AND changes.action != :action_2
ORDER BY changes.id DESC
LIMIT :limit
OFFSET :param_1
