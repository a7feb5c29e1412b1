UPDATE blocks
SET updated_at=CAST(:now::VARCHAR AS TIMESTAMP WITH TIME ZONE),
storage=given_centres.storage,
        resolver=given_centres.resolver,
        content=CASE
                    WHEN (blocks.digest = given_centres.old_digest) THEN given_centres.content
                    ELSE NULL
                END,
                digest=given_centres.digest
FROM
  (SELECT *
   FROM json_to_recordset(CAST(:centres::VARCHAR AS json)) AS given(id bigint, old_digest text,
                                                                    storage text, resolver text, content text, digest text)) AS given_centres
WHERE blocks.id = given_centres.id
