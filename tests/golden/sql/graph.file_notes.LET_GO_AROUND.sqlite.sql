INSERT INTO file_notes (digest,
                        storage, noted_at, sweep)
SELECT gone.digest,
       gone.storage,
       CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) AS anon_1,
       CAST(NULL AS TEXT) AS anon_2
FROM
  (SELECT DISTINCT substr(blocks.content, :substr_1) AS digest,
                   places.storage AS
   storage
   FROM
     (SELECT value ->> 'id' AS id,
             value ->> 'digest' AS digest
      FROM json_each(:let_go)) AS given_let_go
   JOIN blocks ON blocks.digest = given_let_go.digest
   JOIN
     (SELECT DISTINCT claims.storage AS
      storage
      FROM claims) AS places ON 1 = 1
   WHERE blocks.storage = 'file'
     AND blocks.content LIKE :content_1) AS gone
WHERE 1 = 1
ORDER BY gone.digest ON CONFLICT (digest,
                                  storage) DO
UPDATE
SET noted_at = excluded.noted_at
