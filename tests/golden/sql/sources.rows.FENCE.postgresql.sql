UPDATE sources
SET updated_at=CASE
                   WHEN (sources.updated_at = CAST(:seen_at::VARCHAR AS TIMESTAMP WITH TIME ZONE)
                         AND sources.state = :seen_state::VARCHAR
                         AND coalesce(
                                        (SELECT CAST(its_schedule.id AS TEXT) || '|' || coalesce(to_char(its_schedule.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), :coalesce_1::VARCHAR) || '|' || coalesce(to_char(its_schedule.next_run_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), :coalesce_2::VARCHAR) || '|' || coalesce(to_char(its_schedule.last_due_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), :coalesce_3::VARCHAR) AS anon_1
                                         FROM schedules AS its_schedule
                                         WHERE its_schedule.source_id = sources.id), :coalesce_4::VARCHAR) = :seen_schedule::VARCHAR) THEN sources.updated_at
                   ELSE NULL
               END
WHERE sources.id = :id::BIGINT
