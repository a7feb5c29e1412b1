SELECT schedules.id,
       schedules.source_id,
       schedules.created_at AS anon_1,
       schedules.updated_at AS anon_2,
       schedules.kind,
       schedules.payload,
       schedules.cron,
       schedules.every_seconds,
       schedules.timezone,
       schedules.next_run_at AS anon_3,
       schedules.last_due_at AS anon_4
FROM schedules
WHERE schedules.id > :after_id
ORDER BY schedules.id
LIMIT :limit
OFFSET :param_1
