DELETE
FROM file_notes
WHERE file_notes.digest IN
    (SELECT given_named.digest
     FROM
       (SELECT *
        FROM json_to_recordset(CAST(:named::VARCHAR AS json)) AS given(digest text)) AS given_named)
  AND (file_notes.sweep IS NULL
       OR file_notes.noted_at < CAST(extract(epoch
                                             FROM clock_timestamp()) * 1000 AS bigint) - :param_1::BIGINT) RETURNING file_notes.storage,
                                                                                                                     file_notes.digest
