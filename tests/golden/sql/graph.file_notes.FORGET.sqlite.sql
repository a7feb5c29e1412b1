DELETE
FROM file_notes
WHERE file_notes.digest IN
    (SELECT given_named.digest
     FROM
       (SELECT value ->> 'digest' AS digest
        FROM json_each(:named)) AS given_named)
  AND (file_notes.sweep IS NULL
       OR file_notes.noted_at < CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) - :param_1) RETURNING
storage,
                                                                                                                 digest
