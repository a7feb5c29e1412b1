INSERT INTO schedules (created_at, updated_at, kind, payload, cron, every_seconds, timezone, next_run_at, source_id)
SELECT :now AS anon_1,
       :now AS anon__1,
       :kind AS anon_2,
       :payload AS anon_3,
       :cron AS anon_4,
       :every_seconds AS anon_5,
       :timezone AS anon_6,
       :next AS anon_7,
       coalesce(:source, last_insert_rowid()) AS coalesce_1
WHERE 1 = 1 ON CONFLICT (source_id) DO
  UPDATE
  SET updated_at = excluded.updated_at,
      cron = excluded.cron,
      every_seconds = excluded.every_seconds,
      timezone = excluded.timezone,
      next_run_at = excluded.next_run_at
