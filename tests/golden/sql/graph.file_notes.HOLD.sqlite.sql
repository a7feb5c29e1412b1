INSERT INTO file_notes (digest,
                        storage, noted_at, sweep)
SELECT :digest AS anon_1,
       :storage AS anon_2,
       CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) AS anon_3,
       CAST(NULL AS TEXT) AS anon_4
WHERE 1 = 1 ON CONFLICT (digest,
                         storage) DO
  UPDATE
  SET noted_at = excluded.noted_at,
      sweep = NULL WHERE file_notes.sweep IS NULL
  OR file_notes.noted_at < excluded.noted_at - 900000 RETURNING digest
