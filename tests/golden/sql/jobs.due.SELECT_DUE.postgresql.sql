SELECT schedules.id,
       schedules.kind,
       schedules.payload,
       schedules.cron,
       schedules.every_seconds,
       schedules.timezone,
       to_char(schedules.next_run_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS due,
       to_char(schedules.last_due_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS last_due_at,
       schedules.source_id,
       to_char(schedules.put_right_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS put_right_at
FROM schedules
WHERE schedules.next_run_at <= CAST(:now::VARCHAR AS TIMESTAMP WITH TIME ZONE)
  AND schedules.next_run_at IS NOT NULL
  AND NOT (EXISTS
             (SELECT *
              FROM
                (SELECT *
                 FROM json_to_recordset(CAST(:left::VARCHAR AS json)) AS given(id bigint)) AS given_left
              WHERE schedules.id = given_left.id))
ORDER BY schedules.next_run_at,
         schedules.id
LIMIT :limit::INTEGER
