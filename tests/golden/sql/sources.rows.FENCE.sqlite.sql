UPDATE sources
SET updated_at=CASE
                   WHEN (sources.updated_at = :seen_at
                         AND sources.state = :seen_state
                         AND coalesce(
                                        (SELECT CAST(its_schedule.id AS TEXT) || '|' || coalesce(its_schedule.updated_at, :coalesce_1) || '|' || coalesce(its_schedule.next_run_at, :coalesce_2) || '|' || coalesce(its_schedule.last_due_at, :coalesce_3) AS anon_1
                                         FROM schedules AS its_schedule
                                         WHERE its_schedule.source_id = sources.id), :coalesce_4) = :seen_schedule) THEN sources.updated_at
                   ELSE NULL
               END
WHERE sources.id = :id
