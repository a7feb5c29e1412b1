SELECT schedules.id,
       schedules.source_id,
       schedules.created_at AS created_at,
       schedules.updated_at AS updated_at,
       schedules.kind,
       schedules.payload,
       schedules.cron,
       schedules.every_seconds,
       schedules.timezone,
       schedules.next_run_at AS next_run_at,
       schedules.last_due_at AS last_due_at
FROM schedules
WHERE schedules.id > :after_id
ORDER BY schedules.id
LIMIT :limit
OFFSET :param_1
