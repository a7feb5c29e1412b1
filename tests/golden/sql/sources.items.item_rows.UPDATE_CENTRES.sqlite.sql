UPDATE blocks
SET updated_at=:now,
storage=given_centres.storage,
        resolver=given_centres.resolver,
        content=CASE
                    WHEN (blocks.digest = given_centres.old_digest) THEN given_centres.content
                    ELSE NULL
                END,
                digest=given_centres.digest
FROM
  (SELECT value ->> 'id' AS id,
          value ->> 'old_digest' AS old_digest,
          value ->> 'storage' AS
   storage,
          value ->> 'resolver' AS resolver,
          value ->> 'content' AS content,
          value ->> 'digest' AS digest
   FROM json_each(:centres)) AS given_centres
WHERE blocks.id = given_centres.id
