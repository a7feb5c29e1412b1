SELECT blocks.id,
       blocks.digest
FROM
  (SELECT *
   FROM json_to_recordset(CAST(:wanted::VARCHAR AS json)) AS given(ord bigint, id bigint, digest text)) AS given_wanted
JOIN blocks ON blocks.digest = given_wanted.digest
UNION ALL
SELECT blocks.id,
       blocks.digest
FROM
  (SELECT *
   FROM json_to_recordset(CAST(:wanted::VARCHAR AS json)) AS given(ord bigint, id bigint, digest text)) AS given_wanted
JOIN blocks ON blocks.id = given_wanted.id
