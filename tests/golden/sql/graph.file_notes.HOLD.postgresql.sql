INSERT INTO file_notes (digest,
                        storage, noted_at, sweep)
SELECT :digest::VARCHAR AS anon_1,
       :storage::VARCHAR AS anon_2,
       CAST(extract(epoch
                    FROM clock_timestamp()) * 1000 AS bigint) AS anon_3,
       CAST(NULL AS TEXT) AS anon_4
WHERE true ON CONFLICT (digest,
                        storage) DO
  UPDATE
  SET noted_at = excluded.noted_at,
      sweep = NULL WHERE file_notes.sweep IS NULL
  OR file_notes.noted_at < excluded.noted_at - 900000 RETURNING file_notes.digest
