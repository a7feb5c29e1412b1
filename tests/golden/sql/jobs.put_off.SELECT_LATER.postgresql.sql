SELECT schedules.id,
       schedules.cron,
       schedules.every_seconds,
       schedules.timezone,
       to_char(schedules.next_run_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS due,
       to_char(schedules.put_right_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS put_right_at
FROM schedules
WHERE schedules.next_run_at > CAST(:now::VARCHAR AS TIMESTAMP WITH TIME ZONE)
  AND schedules.id > :after::BIGINT
ORDER BY schedules.id
LIMIT :limit::INTEGER
