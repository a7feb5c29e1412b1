SELECT given_keys.ord,
       schedules.created_at AS anon_1,
       schedules.updated_at AS anon_2,
       schedules.kind,
       schedules.payload,
       schedules.cron,
       schedules.every_seconds,
       schedules.timezone,
       schedules.next_run_at AS anon_3,
       schedules.last_due_at AS anon_4
FROM
  (SELECT value ->> 'ord' AS ord,
          value ->> 'source' AS source,
          value ->> 'kind' AS kind,
          value ->> 'payload' AS payload
   FROM json_each(:keys)) AS given_keys
JOIN schedules ON schedules.source_id = given_keys.source
OR schedules.source_id IS NULL
AND given_keys.source IS NULL
AND schedules.kind = given_keys.kind
AND schedules.payload = given_keys.payload
