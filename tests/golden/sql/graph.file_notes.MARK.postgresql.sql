UPDATE file_notes
SET noted_at=CAST(extract(epoch
                          FROM clock_timestamp()) * 1000 AS bigint),
    sweep=:sweep::VARCHAR
WHERE file_notes.storage = :storage::VARCHAR
  AND file_notes.digest IN
    (SELECT candidates.digest
     FROM file_notes AS candidates
     WHERE candidates.storage = :storage::VARCHAR
       AND (candidates.sweep IS NULL
            AND candidates.noted_at < CAST(extract(epoch
                                                   FROM clock_timestamp()) * 1000 AS bigint) - :keep_ms::BIGINT
            OR candidates.sweep IS NOT NULL
            AND candidates.noted_at < CAST(extract(epoch
                                                   FROM clock_timestamp()) * 1000 AS bigint) - :param_1::BIGINT)
       AND NOT (EXISTS
                  (SELECT *
                   FROM blocks
                   WHERE blocks.storage = 'file'
                     AND blocks.content = ('sha256:' || candidates.digest)))
     ORDER BY candidates.digest
     LIMIT :limit::INTEGER)
  AND (file_notes.sweep IS NULL
       AND file_notes.noted_at < CAST(extract(epoch
                                              FROM clock_timestamp()) * 1000 AS bigint) - :keep_ms::BIGINT
       OR file_notes.sweep IS NOT NULL
       AND file_notes.noted_at < CAST(extract(epoch
                                              FROM clock_timestamp()) * 1000 AS bigint) - :param_2::BIGINT) RETURNING file_notes.digest
