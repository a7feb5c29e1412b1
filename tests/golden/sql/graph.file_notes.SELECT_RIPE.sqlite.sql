SELECT candidates.digest
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
  AND candidates.digest > :after
ORDER BY candidates.digest
LIMIT :limit
OFFSET :param_2
