INSERT INTO jobs (created_at, state, attempts, kind, payload, run_at, claimable_at, lane, dedupe_key, source_id)
SELECT CAST(:now::VARCHAR AS TIMESTAMP WITH TIME ZONE) AS anon_1,
       :param_1::VARCHAR AS anon_2,
       :param_2::INTEGER AS anon_3,
       schedules.kind,
       schedules.payload,
       CAST(given_due.due AS TIMESTAMP WITH TIME ZONE) AS anon_4,
       CAST(given_due.due AS TIMESTAMP WITH TIME ZONE) AS anon__1,
       given_due.serial_key,
       given_due.idempotency_key,
       schedules.source_id
FROM
  (SELECT *
   FROM json_to_recordset(CAST(:due::VARCHAR AS json)) AS given(ord bigint, id bigint, due text, next text, serial_key text, idempotency_key text)) AS given_due
JOIN schedules ON schedules.id = given_due.id
AND schedules.next_run_at = CAST(given_due.due AS TIMESTAMP WITH TIME ZONE)
WHERE NOT (EXISTS
             (SELECT *
              FROM jobs AS waiting
              WHERE waiting.lane = given_due.serial_key
                AND waiting.claimable_at IS NOT NULL
                AND waiting.state = :state_1::VARCHAR
                AND waiting.attempts = :attempts_1::INTEGER))
ORDER BY given_due.ord ON CONFLICT DO NOTHING RETURNING jobs.id
