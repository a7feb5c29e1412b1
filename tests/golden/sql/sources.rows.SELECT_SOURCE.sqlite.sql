SELECT sources.id,
       sources.created_at AS created_at,
       sources.updated_at AS updated_at,
       sources.type,
       sources.nickname,
       sources.config,
       sources.collect_at,
       sources.state,
  (SELECT count(*) AS count_1
   FROM source_items
   WHERE source_items.source_id = sources.id
     AND source_items.missing_since IS NOT NULL) AS missing,
  (SELECT min(source_items.missing_since) AS min_1
   FROM source_items
   WHERE source_items.source_id = sources.id
     AND source_items.missing_since IS NOT NULL) AS missing_since,
       schedules.id AS schedule_id,
       schedules.kind,
       schedules.payload,
       schedules.cron,
       schedules.every_seconds AS every,
       schedules.timezone,
       schedules.next_run_at AS next_run_at,
       schedules.last_due_at AS last_due_at,
       sources.state AS seen_state,
       coalesce(CAST(schedules.id AS TEXT) || '|' || coalesce(schedules.updated_at, :coalesce_1) || '|' || coalesce(schedules.next_run_at, :coalesce_2) || '|' || coalesce(schedules.last_due_at, :coalesce_3), :coalesce_4) AS seen_schedule
FROM sources
LEFT OUTER JOIN schedules ON schedules.source_id = sources.id
WHERE sources.id = :id
