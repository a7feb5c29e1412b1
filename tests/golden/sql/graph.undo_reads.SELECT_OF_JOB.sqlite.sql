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
WHERE changes.batch >= :job
  AND changes.batch < :behind
  AND length(changes.batch) = :length_1
  AND changes.action != :action_1
  AND changes.action != :action_2
ORDER BY changes.id
