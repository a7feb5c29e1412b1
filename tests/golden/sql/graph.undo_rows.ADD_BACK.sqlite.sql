INSERT INTO blocks (id, created_at, updated_at,
                    storage, resolver, content, digest, is_given)
SELECT given_back.id,
       given_back.created_at AS anon_1,
       given_back.updated_at AS anon_2,
       given_back.storage,
       given_back.resolver,
       given_back.content,
       given_back.digest,
       CASE
           WHEN (given_back.digest IN
                   (SELECT source_items.block_digest
                    FROM source_items
                    WHERE source_items.block_id IS NULL
                      AND source_items.digest != :digest_1)) THEN given_back.is_given
           ELSE 1
       END AS anon_3
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
WHERE 1 = 1
ORDER BY given_back.ord
