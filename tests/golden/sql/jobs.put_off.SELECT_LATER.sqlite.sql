SELECT schedules.id,
       schedules.cron,
       schedules.every_seconds,
       schedules.timezone,
       schedules.next_run_at AS due,
       schedules.put_right_at AS put_right_at
FROM schedules
WHERE schedules.next_run_at > :now
  AND schedules.id > :after
ORDER BY schedules.id
LIMIT :limit
OFFSET :param_1
