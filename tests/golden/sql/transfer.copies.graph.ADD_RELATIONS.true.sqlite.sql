INSERT INTO relations (id, created_at, updated_at, from_, to_, content, is_given)
SELECT given_relations.id,
       given_relations.created_at AS anon_1,
       given_relations.updated_at AS anon_2,
       from_block.id AS id_1,
       to_block.id AS id_2,
       given_relations.content,
       given_relations.is_given
FROM
  (SELECT value ->> 'ord' AS ord,
          value ->> 'id' AS id,
          value ->> 'created_at' AS created_at,
          value ->> 'updated_at' AS updated_at,
          value ->> 'from_digest' AS from_digest,
          value ->> 'to_digest' AS to_digest,
          value ->> 'content' AS content,
          value ->> 'is_given' AS is_given
   FROM json_each(:relations)) AS given_relations
JOIN blocks AS from_block ON from_block.digest = given_relations.from_digest
JOIN blocks AS to_block ON to_block.digest = given_relations.to_digest
WHERE 1 = 1
ORDER BY given_relations.ord ON CONFLICT DO NOTHING
