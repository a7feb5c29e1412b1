INSERT INTO schedules (created_at, updated_at, kind, payload, cron, every_seconds, timezone, next_run_at)
SELECT :now AS anon_1,
       :now AS anon__1,
       given_schedules.kind,
       given_schedules.payload,
       given_schedules.cron,
       given_schedules.every_seconds,
       given_schedules.timezone,
       given_schedules.next AS anon_2
FROM
  (SELECT value ->> 'kind' AS kind,
          value ->> 'payload' AS payload,
          value ->> 'cron' AS cron,
          value ->> 'every_seconds' AS every_seconds,
          value ->> 'timezone' AS timezone,
          value ->> 'next' AS next
   FROM json_each(:schedules)) AS given_schedules
WHERE NOT (EXISTS
             (SELECT 1
              FROM schedules
              WHERE schedules.source_id IS NULL
                AND schedules.kind = given_schedules.kind)) ON CONFLICT DO NOTHING
