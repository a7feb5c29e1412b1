INSERT INTO file_notes (digest,
                        storage, noted_at, sweep)
SELECT given_orphans.digest,
       :storage::VARCHAR AS anon_1,
       CAST(extract(epoch
                    FROM clock_timestamp()) * 1000 AS bigint) AS anon_2,
       :sweep::VARCHAR AS anon_3
FROM
  (SELECT *
   FROM json_to_recordset(CAST(:orphans::VARCHAR AS json)) AS given(digest text)) AS given_orphans
WHERE NOT (EXISTS
             (SELECT *
              FROM blocks
              WHERE blocks.storage = 'file'
                AND blocks.content = ('sha256:' || given_orphans.digest))) ON CONFLICT DO NOTHING RETURNING file_notes.digest
