SELECT given_wanted.ord,
       blocks.id,
       to_char(blocks.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS created_at,
       to_char(blocks.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS updated_at,
       blocks.storage,
       blocks.resolver,
       blocks.content,
       blocks.digest AS key,
       blocks.is_given
FROM
  (SELECT *
   FROM json_to_recordset(CAST(:wanted::VARCHAR AS json)) AS given(ord bigint, id bigint, digest text)) AS given_wanted
JOIN blocks ON blocks.digest = given_wanted.digest
UNION ALL
SELECT given_wanted.ord,
       blocks.id,
       to_char(blocks.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS created_at,
       to_char(blocks.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS updated_at,
       blocks.storage,
       blocks.resolver,
       blocks.content,
       blocks.digest AS key,
       blocks.is_given
FROM
  (SELECT *
   FROM json_to_recordset(CAST(:wanted::VARCHAR AS json)) AS given(ord bigint, id bigint, digest text)) AS given_wanted
JOIN blocks ON blocks.id = given_wanted.id
