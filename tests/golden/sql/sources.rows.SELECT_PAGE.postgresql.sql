SELECT sources.id,
       to_char(sources.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS created_at,
       to_char(sources.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS updated_at,
       sources.type,
       sources.nickname,
       sources.config,
       sources.collect_at,
       sources.state,
  (SELECT count(*) AS count_1
   FROM source_items
   WHERE source_items.source_id = sources.id
     AND source_items.missing_since IS NOT NULL) AS missing,
       to_char(
                 (SELECT min(source_items.missing_since) AS min_1
                  FROM source_items
                  WHERE source_items.source_id = sources.id
                    AND source_items.missing_since IS NOT NULL) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS missing_since,
       schedules.id AS schedule_id,
       schedules.kind,
       schedules.payload,
       schedules.cron,
       schedules.every_seconds AS every,
       schedules.timezone,
       to_char(schedules.next_run_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS next_run_at,
       to_char(schedules.last_due_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS last_due_at
FROM sources
LEFT OUTER JOIN schedules ON schedules.source_id = sources.id
WHERE sources.id < :before::BIGINT
ORDER BY sources.id DESC
LIMIT :limit::INTEGER
