INSERT INTO blocks (created_at, updated_at,
                    storage, resolver, content, digest, is_given)
SELECT coalesce(given_blocks.created_at, :now) AS anon_1,
       coalesce(given_blocks.updated_at, given_blocks.created_at, :now) AS anon_2,
       given_blocks.storage,
       given_blocks.resolver,
       given_blocks.content,
       given_blocks.digest,
       coalesce(given_blocks.is_given, :is_given) AS coalesce_1
FROM
  (SELECT value ->> 'ord' AS ord,
          value ->> 'created_at' AS created_at,
          value ->> 'updated_at' AS updated_at,
          value ->> 'storage' AS
   storage,
          value ->> 'resolver' AS resolver,
          value ->> 'content' AS content,
          value ->> 'digest' AS digest,
          value ->> 'is_given' AS is_given
   FROM json_each(:blocks)) AS given_blocks
WHERE 1 = 1
ORDER BY given_blocks.ord ON CONFLICT DO NOTHING
