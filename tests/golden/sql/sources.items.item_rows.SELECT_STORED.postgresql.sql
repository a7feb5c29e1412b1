SELECT source_items.id,
       source_items.key,
       source_items.digest,
       source_items.stamp,
       source_items.arcs,
       source_items.block_id,
       blocks.is_given = :is_given_1::INTEGER AS is_given,
       source_items.block_digest AS written_digest,
       blocks.digest AS block_digest
FROM
  (SELECT *
   FROM json_to_recordset(CAST(:keys::VARCHAR AS json)) AS given(source bigint, key text)) AS given_keys
JOIN source_items ON source_items.key = given_keys.key
AND source_items.source_id = given_keys.source
LEFT OUTER JOIN blocks ON blocks.id = source_items.block_id
