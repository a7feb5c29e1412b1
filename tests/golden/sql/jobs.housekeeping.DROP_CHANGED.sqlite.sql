DELETE
FROM schedules
WHERE schedules.source_id IS NULL
  AND (EXISTS
         (SELECT 1
          FROM
            (SELECT value ->> 'kind' AS kind,
                    value ->> 'payload' AS payload,
                    value ->> 'cron' AS cron,
                    value ->> 'every_seconds' AS every_seconds,
                    value ->> 'timezone' AS timezone,
                    value ->> 'next' AS next
             FROM json_each(:schedules)) AS given_schedules
          WHERE schedules.kind = given_schedules.kind
            AND (coalesce(CAST(schedules.payload AS TEXT), :coalesce_1) != coalesce(CAST(given_schedules.payload AS TEXT), :coalesce_2)
                 OR coalesce(CAST(schedules.cron AS TEXT), :coalesce_3) != coalesce(CAST(given_schedules.cron AS TEXT), :coalesce_4)
                 OR coalesce(CAST(schedules.every_seconds AS TEXT), :coalesce_5) != coalesce(CAST(given_schedules.every_seconds AS TEXT), :coalesce_6)
                 OR coalesce(CAST(schedules.timezone AS TEXT), :coalesce_7) != coalesce(CAST(given_schedules.timezone AS TEXT), :coalesce_8))))
