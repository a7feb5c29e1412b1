INSERT INTO jobs (created_at, state, attempts, kind, payload, run_at, claimable_at, lane, dedupe_key, source_id)
SELECT :now AS anon_1,
       :param_1 AS anon_2,
       :param_2 AS anon_3,
       schedules.kind,
       schedules.payload,
       given_due.due AS anon_4,
       given_due.due AS anon__1,
       given_due.serial_key,
       given_due.idempotency_key,
       schedules.source_id
FROM
  (SELECT value ->> 'ord' AS ord,
          value ->> 'id' AS id,
          value ->> 'due' AS due,
          value ->> 'next' AS next,
          value ->> 'serial_key' AS serial_key,
          value ->> 'idempotency_key' AS idempotency_key
   FROM json_each(:due)) AS given_due
JOIN schedules ON schedules.id = given_due.id
AND schedules.next_run_at = given_due.due
WHERE NOT (EXISTS
             (SELECT *
              FROM jobs AS waiting
              WHERE waiting.lane = given_due.serial_key
                AND waiting.claimable_at IS NOT NULL
                AND waiting.state = :state_1
                AND waiting.attempts = :attempts_1))
ORDER BY given_due.ord ON CONFLICT DO NOTHING RETURNING id
