SELECT changes.id,
       to_char(changes.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS created_at,
       changes.actor,
       changes.action,
       changes.blocks,
       changes.relations,
       changes.changed,
       changes.deleted,
       changes.batch
FROM changes
WHERE changes.batch >= :job::VARCHAR
  AND changes.batch < :behind::VARCHAR
  AND length(changes.batch) = :length_1::INTEGER
  AND changes.action != :action_1::VARCHAR
  AND changes.action != :action_2::VARCHAR
ORDER BY changes.id
