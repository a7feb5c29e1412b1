SELECT sources.id,
       sources.type,
       sources.created_at AS created_at,
       sources.updated_at AS updated_at,
       sources.nickname,
       sources.config,
       sources.collect_at,
       sources.state,
       schedules.id AS schedule_id,
       schedules.cron,
       schedules.every_seconds,
       schedules.timezone,
       schedules.created_at AS scheduled_at,
       schedules.updated_at AS rescheduled_at,
       schedules.next_run_at AS next_run_at,
       schedules.last_due_at AS last_due_at
FROM sources
LEFT OUTER JOIN schedules ON schedules.source_id = sources.id
WHERE sources.id > :after_id
ORDER BY sources.id
LIMIT :limit
OFFSET :param_1
