INSERT INTO schedules (created_at, updated_at, kind, payload, cron, every_seconds, timezone, next_run_at)
SELECT CAST(:now::VARCHAR AS TIMESTAMP WITH TIME ZONE) AS anon_1,
       CAST(:now::VARCHAR AS TIMESTAMP WITH TIME ZONE) AS anon__1,
       given_schedules.kind,
       given_schedules.payload,
       given_schedules.cron,
       given_schedules.every_seconds,
       given_schedules.timezone,
       CAST(given_schedules.next AS TIMESTAMP WITH TIME ZONE) AS anon_2
FROM
  (SELECT *
   FROM json_to_recordset(CAST(:schedules::VARCHAR AS json)) AS given(kind text, payload text, cron text, every_seconds bigint, timezone text, next text)) AS given_schedules
WHERE NOT (EXISTS
             (SELECT 1
              FROM schedules
              WHERE schedules.source_id IS NULL
                AND schedules.kind = given_schedules.kind)) ON CONFLICT DO NOTHING
