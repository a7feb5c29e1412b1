INSERT INTO file_notes (digest,
                        storage, noted_at, sweep)
SELECT given_orphans.digest,
       :storage AS anon_1,
       CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) AS anon_2,
       :sweep AS anon_3
FROM
  (SELECT value ->> 'digest' AS digest
   FROM json_each(:orphans)) AS given_orphans
WHERE NOT (EXISTS
             (SELECT *
              FROM blocks
              WHERE blocks.storage = 'file'
                AND blocks.content = ('sha256:' || given_orphans.digest))) ON CONFLICT DO NOTHING RETURNING digest
