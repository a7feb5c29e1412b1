SELECT given_keys.ord,
       blocks.id,
       blocks.created_at AS anon_1,
       blocks.updated_at AS anon_2,
       blocks.storage,
       blocks.resolver,
       blocks.content,
       blocks.digest
FROM
  (SELECT value ->> 'ord' AS ord,
          value ->> 'digest' AS digest
   FROM json_each(:keys)) AS given_keys
JOIN blocks ON blocks.digest = given_keys.digest
