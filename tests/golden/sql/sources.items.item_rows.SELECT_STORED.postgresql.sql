SELECT source_items.key,
       source_items.digest,
       source_items.stamp,
       source_items.arcs,
       source_items.block_id,
       source_items.is_own = :is_own_1::INTEGER AS is_own,
       source_items.block_digest AS written_digest,
       blocks.digest AS block_digest,
       EXISTS
  (SELECT *
   FROM source_items AS twin
   WHERE twin.block_id = source_items.block_id
     AND (twin.source_id != source_items.source_id
          OR twin.key != source_items.key)) AS is_shared
FROM
  (SELECT *
   FROM json_to_recordset(CAST(:keys::VARCHAR AS json)) AS given(source bigint, key text)) AS given_keys
JOIN source_items ON source_items.key = given_keys.key
AND source_items.source_id = given_keys.source
LEFT OUTER JOIN blocks ON blocks.id = source_items.block_id
