INSERT INTO schedules (created_at, updated_at, kind, payload, cron, every_seconds, timezone, next_run_at, last_due_at, source_id)
SELECT CAST(:created_at::VARCHAR AS TIMESTAMP WITH TIME ZONE) AS anon_1,
       CAST(:updated_at::VARCHAR AS TIMESTAMP WITH TIME ZONE) AS anon_2,
       :param_1::VARCHAR AS anon_3,
       :param_2::VARCHAR AS anon_4,
       :cron::VARCHAR AS anon_5,
       :every_seconds::INTEGER AS anon_6,
       :timezone::VARCHAR AS anon_7,
       CAST(:next_run_at::VARCHAR AS TIMESTAMP WITH TIME ZONE) AS anon_8,
       CAST(:last_due_at::VARCHAR AS TIMESTAMP WITH TIME ZONE) AS anon_9,
       lastval() AS anon_10
WHERE true
