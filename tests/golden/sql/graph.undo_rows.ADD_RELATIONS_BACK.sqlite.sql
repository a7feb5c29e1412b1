INSERT INTO relations (id, created_at, updated_at, from_, to_, content, is_given)
SELECT given_relations.id,
       given_relations.created_at AS anon_1,
       given_relations.updated_at AS anon_2,
       given_relations.from_,
       given_relations.to_,
       given_relations.content,
       1
FROM
  (SELECT value ->> 'ord' AS ord,
          value ->> 'id' AS id,
          value ->> 'created_at' AS created_at,
          value ->> 'updated_at' AS updated_at,
          value ->> 'from_' AS from_,
          value ->> 'to_' AS to_,
          value ->> 'content' AS content
   FROM json_each(:relations)) AS given_relations
WHERE 1 = 1
ORDER BY given_relations.ord
