INSERT INTO schedules (created_at, updated_at, kind, payload, cron, every_seconds, timezone, next_run_at, last_due_at, source_id)
SELECT :created_at AS anon_1,
       :updated_at AS anon_2,
       :param_1 AS anon_3,
       :param_2 AS anon_4,
       :cron AS anon_5,
       :every_seconds AS anon_6,
       :timezone AS anon_7,
       :next_run_at AS anon_8,
       :last_due_at AS anon_9,
       last_insert_rowid() AS anon_10
WHERE 1 = 1
