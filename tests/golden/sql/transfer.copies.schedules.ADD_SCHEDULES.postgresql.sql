INSERT INTO schedules (created_at, updated_at, kind, payload, cron, every_seconds, timezone, next_run_at, last_due_at, source_id)
SELECT CAST(given_schedules.created_at AS TIMESTAMP WITH TIME ZONE) AS anon_1,
       CAST(given_schedules.updated_at AS TIMESTAMP WITH TIME ZONE) AS anon_2,
       given_schedules.kind,
       given_schedules.payload,
       given_schedules.cron,
       given_schedules.every_seconds,
       given_schedules.timezone,
       CAST(given_schedules.next_run_at AS TIMESTAMP WITH TIME ZONE) AS anon_3,
       CAST(given_schedules.last_due_at AS TIMESTAMP WITH TIME ZONE) AS anon_4,
       given_schedules.source
FROM
  (SELECT *
   FROM json_to_recordset(CAST(:schedules::VARCHAR AS json)) AS given(ord bigint, source bigint, created_at text, updated_at text, kind text, payload text, cron text, every_seconds bigint, timezone text, next_run_at text, last_due_at text)) AS given_schedules
WHERE given_schedules.source IS NOT NULL
  OR NOT (EXISTS
            (SELECT *
             FROM schedules
             WHERE schedules.source_id IS NULL
               AND schedules.kind = given_schedules.kind
               AND schedules.payload = given_schedules.payload))
ORDER BY given_schedules.ord ON CONFLICT DO NOTHING
