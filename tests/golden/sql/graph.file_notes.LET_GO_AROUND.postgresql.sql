INSERT INTO file_notes (digest,
                        storage, noted_at, sweep)
SELECT gone.digest,
       gone.storage,
       CAST(extract(epoch
                    FROM clock_timestamp()) * 1000 AS bigint) AS anon_1,
       CAST(NULL AS TEXT) AS anon_2
FROM
  (SELECT DISTINCT substr(blocks.content, :substr_1::INTEGER) AS digest,
                   places.storage AS
   storage
   FROM
     (SELECT *
      FROM json_to_recordset(CAST(:let_go::VARCHAR AS json)) AS given(id bigint, digest text)) AS given_let_go
   JOIN blocks ON blocks.digest = given_let_go.digest
   JOIN
     (SELECT DISTINCT claims.storage AS
      storage
      FROM claims) AS places ON true
   WHERE blocks.storage = 'file'
     AND blocks.content LIKE :content_1::VARCHAR) AS gone
WHERE true
ORDER BY gone.digest ON CONFLICT (digest,
                                  storage) DO
UPDATE
SET noted_at = excluded.noted_at
