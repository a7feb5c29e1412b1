SELECT given_keys.ord,
       schedules.created_at AS created_at,
       schedules.updated_at AS updated_at,
       schedules.kind,
       schedules.payload,
       schedules.cron,
       schedules.every_seconds,
       schedules.timezone,
       schedules.next_run_at AS next_run_at,
       schedules.last_due_at AS last_due_at
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
