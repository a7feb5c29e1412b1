SELECT given_wanted.ord,
       blocks.id,
       blocks.created_at AS created_at,
       blocks.updated_at AS updated_at,
       blocks.storage,
       blocks.resolver,
       blocks.content,
       blocks.digest AS "key",
       blocks.is_given
FROM
  (SELECT value ->> 'ord' AS ord,
          value ->> 'id' AS id,
          value ->> 'digest' AS digest
   FROM json_each(:wanted)) AS given_wanted
JOIN blocks ON blocks.digest = given_wanted.digest
UNION ALL
SELECT given_wanted.ord,
       blocks.id,
       blocks.created_at AS created_at,
       blocks.updated_at AS updated_at,
       blocks.storage,
       blocks.resolver,
       blocks.content,
       blocks.digest AS "key",
       blocks.is_given
FROM
  (SELECT value ->> 'ord' AS ord,
          value ->> 'id' AS id,
          value ->> 'digest' AS digest
   FROM json_each(:wanted)) AS given_wanted
JOIN blocks ON blocks.id = given_wanted.id
