UPDATE file_notes
SET noted_at=CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER),
    sweep=:sweep
WHERE file_notes.storage = :storage
  AND file_notes.digest IN
    (SELECT candidates.digest
     FROM file_notes AS candidates
     WHERE candidates.storage = :storage
       AND (candidates.sweep IS NULL
            AND candidates.noted_at < CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) - :keep_ms
            OR candidates.sweep IS NOT NULL
            AND candidates.noted_at < CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) - :param_1)
       AND NOT (EXISTS
                  (SELECT *
                   FROM blocks
                   WHERE blocks.storage = 'file'
                     AND blocks.content = ('sha256:' || candidates.digest)))
     ORDER BY candidates.digest
     LIMIT :limit
     OFFSET :param_2)
  AND (file_notes.sweep IS NULL
       AND file_notes.noted_at < CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) - :keep_ms
       OR file_notes.sweep IS NOT NULL
       AND file_notes.noted_at < CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) - :param_3) RETURNING digest
