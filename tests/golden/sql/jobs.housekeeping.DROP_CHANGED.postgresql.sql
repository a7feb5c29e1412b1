DELETE
FROM schedules
WHERE schedules.source_id IS NULL
  AND (EXISTS
         (SELECT 1
          FROM
            (SELECT *
             FROM json_to_recordset(CAST(:schedules::VARCHAR AS json)) AS given(kind text, payload text, cron text, every_seconds bigint, timezone text, next text)) AS given_schedules
          WHERE schedules.kind = given_schedules.kind
            AND (coalesce(CAST(schedules.payload AS TEXT), :coalesce_1::VARCHAR) != coalesce(CAST(given_schedules.payload AS TEXT), :coalesce_2::VARCHAR)
                 OR coalesce(CAST(schedules.cron AS TEXT), :coalesce_3::VARCHAR) != coalesce(CAST(given_schedules.cron AS TEXT), :coalesce_4::VARCHAR)
                 OR coalesce(CAST(schedules.every_seconds AS TEXT), :coalesce_5::VARCHAR) != coalesce(CAST(given_schedules.every_seconds AS TEXT), :coalesce_6::VARCHAR)
                 OR coalesce(CAST(schedules.timezone AS TEXT), :coalesce_7::VARCHAR) != coalesce(CAST(given_schedules.timezone AS TEXT), :coalesce_8::VARCHAR))))
