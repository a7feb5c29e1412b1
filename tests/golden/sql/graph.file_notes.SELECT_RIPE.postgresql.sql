SELECT candidates.digest
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
  AND candidates.digest > :after::VARCHAR
ORDER BY candidates.digest
LIMIT :limit::INTEGER
