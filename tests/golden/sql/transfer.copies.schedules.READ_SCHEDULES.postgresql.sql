SELECT schedules.id,
       schedules.source_id,
       to_char(schedules.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS created_at,
       to_char(schedules.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS updated_at,
       schedules.kind,
       schedules.payload,
       schedules.cron,
       schedules.every_seconds,
       schedules.timezone,
       to_char(schedules.next_run_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS next_run_at,
       to_char(schedules.last_due_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS last_due_at
FROM schedules
WHERE schedules.id > :after_id::BIGINT
ORDER BY schedules.id
LIMIT :limit::INTEGER
