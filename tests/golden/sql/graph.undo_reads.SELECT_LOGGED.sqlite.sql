SELECT changes.id,
       changes.created_at AS created_at,
       changes.actor,
       changes.action,
       changes.blocks,
       changes.relations,
       changes.changed,
       changes.deleted,
       changes.batch
FROM changes
WHERE changes.id = :id
