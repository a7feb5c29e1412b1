SELECT given_keys.ord,
       blocks.id,
       to_char(blocks.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS created_at,
       to_char(blocks.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS updated_at,
       blocks.storage,
       blocks.resolver,
       blocks.content,
       blocks.digest,
       blocks.is_given
FROM
  (SELECT *
   FROM json_to_recordset(CAST(:keys::VARCHAR AS json)) AS given(ord bigint, digest text)) AS given_keys
JOIN blocks ON blocks.digest = given_keys.digest
