SELECT given_keys.ord,
       blocks.id,
       blocks.created_at AS created_at,
       blocks.updated_at AS updated_at,
       blocks.storage,
       blocks.resolver,
       blocks.content,
       blocks.digest,
       blocks.is_given
FROM
  (SELECT value ->> 'ord' AS ord,
          value ->> 'digest' AS digest
   FROM json_each(:keys)) AS given_keys
JOIN blocks ON blocks.digest = given_keys.digest
