SELECT given.last,
  (SELECT to_char(min(coalesce(activity.xact_start, 'epoch')) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
   FROM pg_locks AS held
   LEFT JOIN pg_stat_activity AS activity ON activity.pid = held.pid
   WHERE held.locktype = 'relation'
     AND held.relation = CAST('changes' AS regclass)
     AND held.database =
       (SELECT oid
        FROM pg_database
        WHERE datname = current_database())
     AND held.mode = 'RowExclusiveLock'
     AND given.last IS NOT NULL) AS oldest
FROM
  (SELECT pg_sequence_last_value('changes_id_seq') AS last) AS given
