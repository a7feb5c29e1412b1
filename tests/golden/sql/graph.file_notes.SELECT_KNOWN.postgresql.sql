SELECT given_known.digest
FROM
  (SELECT *
   FROM json_to_recordset(CAST(:known::VARCHAR AS json)) AS given(digest text)) AS given_known
WHERE (EXISTS
         (SELECT *
          FROM blocks
          WHERE blocks.storage = 'file'
            AND blocks.content = ('sha256:' || given_known.digest)))
  OR (EXISTS
        (SELECT *
         FROM file_notes
         WHERE file_notes.digest = given_known.digest))
