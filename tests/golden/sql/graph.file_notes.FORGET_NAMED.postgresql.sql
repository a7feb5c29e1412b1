DELETE
FROM file_notes
WHERE file_notes.storage = :storage::VARCHAR
  AND file_notes.sweep IS NULL
  AND file_notes.noted_at < CAST(extract(epoch
                                         FROM clock_timestamp()) * 1000 AS bigint) - :param_1::BIGINT
  AND (EXISTS
         (SELECT *
          FROM blocks
          WHERE blocks.storage = 'file'
            AND blocks.content = ('sha256:' || file_notes.digest)))
