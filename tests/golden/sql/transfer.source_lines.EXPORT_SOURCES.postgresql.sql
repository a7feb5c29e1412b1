SELECT sources.id,
       sources.type,
       to_char(sources.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS created_at,
       to_char(sources.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS updated_at,
       sources.nickname,
       sources.config,
       sources.collect_at,
       sources.state,
       schedules.id AS schedule_id,
       schedules.cron,
       schedules.every_seconds,
       schedules.timezone,
       to_char(schedules.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS scheduled_at,
       to_char(schedules.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS rescheduled_at,
       to_char(schedules.next_run_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS next_run_at,
       to_char(schedules.last_due_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS last_due_at
FROM sources
LEFT OUTER JOIN schedules ON schedules.source_id = sources.id
WHERE sources.id > :after_id::BIGINT
ORDER BY sources.id
LIMIT :limit::INTEGER
