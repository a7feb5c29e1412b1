SELECT given_keys.ord,
       source_items.digest,
       source_items.stamp,
       source_items.arcs,
       source_items.block_digest,
       blocks.digest AS now_digest,
       to_char(source_items.missing_since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS missing_since
FROM
  (SELECT *
   FROM json_to_recordset(CAST(:keys::VARCHAR AS json)) AS given(ord bigint, source bigint, key text)) AS given_keys
JOIN source_items ON source_items.source_id = given_keys.source
AND source_items.key = given_keys.key
LEFT OUTER JOIN blocks ON blocks.id = source_items.block_id
