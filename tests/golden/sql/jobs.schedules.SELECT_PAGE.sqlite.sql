SELECT schedules.id,
       schedules.kind,
       schedules.payload,
       schedules.cron,
       schedules.every_seconds AS every,
       schedules.timezone,
       schedules.next_run_at AS next_run_at,
       schedules.last_due_at AS last_due_at,
       schedules.source_id
FROM schedules
WHERE schedules.id < :before
ORDER BY schedules.id DESC
LIMIT :limit
OFFSET :param_1
