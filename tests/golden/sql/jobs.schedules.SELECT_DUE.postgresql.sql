SELECT schedules.id,
       schedules.cron,
       schedules.every_seconds,
       schedules.timezone,
       to_char(schedules.next_run_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS due,
       to_char(schedules.last_due_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS last_due_at,
       schedules.source_id
FROM schedules
WHERE schedules.next_run_at <= CAST(:now::VARCHAR AS TIMESTAMP WITH TIME ZONE)
  AND schedules.next_run_at IS NOT NULL
ORDER BY schedules.next_run_at,
         schedules.id
LIMIT :limit::INTEGER
