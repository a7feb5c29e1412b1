SELECT blocks.id,
       blocks.digest
FROM
  (SELECT value ->> 'ord' AS ord,
          value ->> 'id' AS id,
          value ->> 'digest' AS digest
   FROM json_each(:wanted)) AS given_wanted
JOIN blocks ON blocks.digest = given_wanted.digest
UNION ALL
SELECT blocks.id,
       blocks.digest
FROM
  (SELECT value ->> 'ord' AS ord,
          value ->> 'id' AS id,
          value ->> 'digest' AS digest
   FROM json_each(:wanted)) AS given_wanted
JOIN blocks ON blocks.id = given_wanted.id
