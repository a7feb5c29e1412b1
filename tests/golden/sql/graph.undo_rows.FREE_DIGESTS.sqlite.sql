UPDATE blocks
SET digest=('undone ' || CAST(blocks.id AS TEXT))
WHERE blocks.id IN
    (SELECT given_back.id
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
        FROM json_each(:back)) AS given_back)
