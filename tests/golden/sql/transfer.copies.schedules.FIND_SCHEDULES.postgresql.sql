SELECT given_keys.ord,
       to_char(schedules.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS created_at,
       to_char(schedules.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS updated_at,
       schedules.kind,
       schedules.payload,
       schedules.cron,
       schedules.every_seconds,
       schedules.timezone,
       to_char(schedules.next_run_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS next_run_at,
       to_char(schedules.last_due_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS last_due_at
FROM
  (SELECT *
   FROM json_to_recordset(CAST(:keys::VARCHAR AS json)) AS given(ord bigint, source bigint, kind text, payload text)) AS given_keys
JOIN schedules ON schedules.source_id = given_keys.source
OR schedules.source_id IS NULL
AND given_keys.source IS NULL
AND schedules.kind = given_keys.kind
AND schedules.payload = given_keys.payload
