UPDATE blocks
SET created_at=CAST(given_back.created_at AS TIMESTAMP WITH TIME ZONE),
    updated_at=CAST(given_back.updated_at AS TIMESTAMP WITH TIME ZONE),
storage=given_back.storage,
        resolver=given_back.resolver,
        content=given_back.content,
        digest=given_back.digest,
        is_given=CASE
                     WHEN (EXISTS
                             (SELECT *
                              FROM source_items
                              WHERE source_items.block_id = blocks.id
                                AND source_items.digest != :digest_1::VARCHAR)) THEN given_back.is_given
                     ELSE 1
                 END
FROM
  (SELECT *
   FROM json_to_recordset(CAST(:back::VARCHAR AS json)) AS given(ord bigint, id bigint, created_at text, updated_at text,
                                                                 storage text, resolver text, content text, digest text, is_given bigint)) AS given_back
WHERE blocks.id = given_back.id
