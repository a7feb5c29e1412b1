UPDATE schedules
SET next_run_at=given_moved.next,
    put_right_at=coalesce(given_moved.at, schedules.put_right_at)
FROM
  (SELECT value ->> 'ord' AS ord,
          value ->> 'id' AS id,
          value ->> 'due' AS due,
          value ->> 'next' AS next,
          value ->> 'at' AS at
   FROM json_each(:moved)) AS given_moved
WHERE schedules.id = given_moved.id
  AND schedules.next_run_at = given_moved.due RETURNING id
