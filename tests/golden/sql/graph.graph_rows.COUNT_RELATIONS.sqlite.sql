INSERT INTO relations (created_at, updated_at, from_, to_, content, is_given)
SELECT coalesce(given_relations.created_at, :now) AS anon_1,
       coalesce(given_relations.updated_at, given_relations.created_at, :now) AS anon_2,
       coalesce(given_relations.from_id, from_block.id) AS coalesce_1,
       coalesce(given_relations.to_id, to_block.id) AS coalesce_2,
       given_relations.content,
       coalesce(given_relations.is_given, :is_given) AS coalesce_3
FROM
  (SELECT value ->> 'ord' AS ord,
          value ->> 'created_at' AS created_at,
          value ->> 'updated_at' AS updated_at,
          value ->> 'from_id' AS from_id,
          value ->> 'from_digest' AS from_digest,
          value ->> 'to_id' AS to_id,
          value ->> 'to_digest' AS to_digest,
          value ->> 'content' AS content,
          value ->> 'is_given' AS is_given
   FROM json_each(:relations)) AS given_relations
LEFT OUTER JOIN blocks AS from_block ON from_block.digest = given_relations.from_digest
LEFT OUTER JOIN blocks AS to_block ON to_block.digest = given_relations.to_digest
WHERE 1 = 1
ORDER BY given_relations.ord ON CONFLICT DO NOTHING
