INSERT INTO blocks (id, created_at, updated_at,
                    storage, resolver, content, digest, is_given)
SELECT numbered.id,
       coalesce(numbered.created_at, :now) AS anon_1,
       coalesce(numbered.updated_at, numbered.created_at, :now) AS anon_2,
       numbered.storage,
       numbered.resolver,
       numbered.content,
       numbered.digest,
       coalesce(numbered.is_given, :is_given) AS coalesce_1
FROM
  (SELECT NULL AS id,
          given_blocks.ord AS ord,
          given_blocks.created_at AS created_at,
          given_blocks.updated_at AS updated_at,
          given_blocks.storage AS
   storage,
          given_blocks.resolver AS resolver,
          given_blocks.content AS content,
          given_blocks.digest AS digest,
          given_blocks.is_given AS is_given
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
      FROM json_each(:blocks)) AS given_blocks) AS numbered
WHERE 1 = 1
ORDER BY numbered.ord ON CONFLICT DO NOTHING
