UPDATE schedules
SET next_run_at=given_due.next,
    last_due_at=given_due.due
FROM
  (SELECT value ->> 'ord' AS ord,
          value ->> 'id' AS id,
          value ->> 'due' AS due,
          value ->> 'next' AS next,
          value ->> 'serial_key' AS serial_key,
          value ->> 'idempotency_key' AS idempotency_key
   FROM json_each(:due)) AS given_due
WHERE schedules.id = given_due.id
  AND schedules.next_run_at = given_due.due
