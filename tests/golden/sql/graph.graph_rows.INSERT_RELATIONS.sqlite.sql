INSERT INTO relations (id, created_at, updated_at, from_, to_, content, is_given)
SELECT numbered.id,
       coalesce(numbered.created_at, :now) AS anon_1,
       coalesce(numbered.updated_at, numbered.created_at, :now) AS anon_2,
       coalesce(numbered.from_id, from_block.id) AS coalesce_1,
       coalesce(numbered.to_id, to_block.id) AS coalesce_2,
       numbered.content,
       :is_given AS anon_3
FROM
  (SELECT NULL AS id,
          given_relations.ord AS ord,
          given_relations.created_at AS created_at,
          given_relations.updated_at AS updated_at,
          given_relations.from_id AS from_id,
          given_relations.from_digest AS from_digest,
          given_relations.to_id AS to_id,
          given_relations.to_digest AS to_digest,
          given_relations.content AS content
   FROM
     (SELECT value ->> 'ord' AS ord,
             value ->> 'created_at' AS created_at,
             value ->> 'updated_at' AS updated_at,
             value ->> 'from_id' AS from_id,
             value ->> 'from_digest' AS from_digest,
             value ->> 'to_id' AS to_id,
             value ->> 'to_digest' AS to_digest,
             value ->> 'content' AS content
      FROM json_each(:relations)) AS given_relations) AS numbered
LEFT OUTER JOIN blocks AS from_block ON from_block.digest = numbered.from_digest
LEFT OUTER JOIN blocks AS to_block ON to_block.digest = numbered.to_digest
WHERE 1 = 1
ORDER BY numbered.ord ON CONFLICT DO NOTHING RETURNING id
