UPDATE blocks
SET created_at=given_back.created_at,
    updated_at=given_back.updated_at,
storage=given_back.storage,
        resolver=given_back.resolver,
        content=given_back.content,
        digest=given_back.digest,
        is_given=CASE
                     WHEN (EXISTS
                             (SELECT *
                              FROM source_items
                              WHERE source_items.block_id = blocks.id
                                AND source_items.digest != :digest_1)) THEN given_back.is_given
                     ELSE 1
                 END
FROM
  (SELECT value ->> 'ord' AS ord,
          value ->> 'id' AS id,
          value ->> 'created_at' AS created_at,
          value ->> 'updated_at' AS updated_at,
          value ->> 'storage' AS
   storage,
          value ->> 'resolver' AS resolver,
          value ->> 'content' AS content,
          value ->> 'digest' AS digest,
          value ->> 'is_given' AS is_given
   FROM json_each(:back)) AS given_back
WHERE blocks.id = given_back.id
