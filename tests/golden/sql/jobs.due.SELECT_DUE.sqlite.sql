SELECT schedules.id,
       schedules.kind,
       schedules.payload,
       schedules.cron,
       schedules.every_seconds,
       schedules.timezone,
       schedules.next_run_at AS due,
       schedules.last_due_at AS last_due_at,
       schedules.source_id,
       schedules.put_right_at AS put_right_at
FROM schedules
WHERE schedules.next_run_at <= :now
  AND schedules.next_run_at IS NOT NULL
  AND NOT (EXISTS
             (SELECT *
              FROM
                (SELECT value ->> 'id' AS id
                 FROM json_each(:left)) AS given_left
              WHERE schedules.id = given_left.id))
ORDER BY schedules.next_run_at,
         schedules.id
LIMIT :limit
OFFSET :param_1
