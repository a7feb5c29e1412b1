INSERT INTO schedules (created_at, updated_at, kind, payload, cron, every_seconds, timezone, next_run_at, source_id)
SELECT CAST(:now::VARCHAR AS TIMESTAMP WITH TIME ZONE) AS anon_1,
       CAST(:now::VARCHAR AS TIMESTAMP WITH TIME ZONE) AS anon__1,
       :kind::VARCHAR AS anon_2,
       :payload::VARCHAR AS anon_3,
       :cron::VARCHAR AS anon_4,
       :every_seconds::INTEGER AS anon_5,
       :timezone::VARCHAR AS anon_6,
       CAST(:next::VARCHAR AS TIMESTAMP WITH TIME ZONE) AS anon_7,
       coalesce(:source::BIGINT, lastval()) AS coalesce_1
WHERE true ON CONFLICT (source_id) DO
  UPDATE
  SET updated_at = excluded.updated_at,
      cron = excluded.cron,
      every_seconds = excluded.every_seconds,
      timezone = excluded.timezone,
      next_run_at = excluded.next_run_at
