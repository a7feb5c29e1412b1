SELECT given_known.digest
FROM
  (SELECT value ->> 'digest' AS digest
   FROM json_each(:known)) AS given_known
WHERE (EXISTS
         (SELECT *
          FROM blocks
          WHERE blocks.storage = 'file'
            AND blocks.content = ('sha256:' || given_known.digest)))
  OR (EXISTS
        (SELECT *
         FROM file_notes
         WHERE file_notes.digest = given_known.digest))
