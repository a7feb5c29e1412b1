INSERT INTO schedules (created_at, updated_at, kind, payload, cron, every_seconds, timezone, next_run_at, last_due_at, source_id)
SELECT given_schedules.created_at AS anon_1,
       given_schedules.updated_at AS anon_2,
       given_schedules.kind,
       given_schedules.payload,
       given_schedules.cron,
       given_schedules.every_seconds,
       given_schedules.timezone,
       given_schedules.next_run_at AS anon_3,
       given_schedules.last_due_at AS anon_4,
       given_schedules.source
FROM
  (SELECT value ->> 'ord' AS ord,
          value ->> 'source' AS source,
          value ->> 'created_at' AS created_at,
          value ->> 'updated_at' AS updated_at,
          value ->> 'kind' AS kind,
          value ->> 'payload' AS payload,
          value ->> 'cron' AS cron,
          value ->> 'every_seconds' AS every_seconds,
          value ->> 'timezone' AS timezone,
          value ->> 'next_run_at' AS next_run_at,
          value ->> 'last_due_at' AS last_due_at
   FROM json_each(:schedules)) AS given_schedules
WHERE given_schedules.source IS NOT NULL
  OR NOT (EXISTS
            (SELECT *
             FROM schedules
             WHERE schedules.source_id IS NULL
               AND schedules.kind = given_schedules.kind
               AND schedules.payload = given_schedules.payload))
ORDER BY given_schedules.ord ON CONFLICT DO NOTHING
