SELECT schedules.id,
       schedules.kind,
       schedules.payload,
       schedules.cron,
       schedules.every_seconds AS every,
       schedules.timezone,
       to_char(schedules.next_run_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS next_run_at,
       to_char(schedules.last_due_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS last_due_at,
       schedules.source_id
FROM schedules
WHERE schedules.id < :before::BIGINT
ORDER BY schedules.id DESC
LIMIT :limit::INTEGER
