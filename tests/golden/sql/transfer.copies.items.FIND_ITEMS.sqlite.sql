SELECT given_keys.ord,
       source_items.digest,
       source_items.stamp,
       source_items.arcs,
       source_items.block_digest,
       blocks.digest AS now_digest,
       source_items.missing_since AS missing_since
FROM
  (SELECT value ->> 'ord' AS ord,
          value ->> 'source' AS source,
          value ->> 'key' AS key
   FROM json_each(:keys)) AS given_keys
JOIN source_items ON source_items.source_id = given_keys.source
AND source_items."key" = given_keys."key"
LEFT OUTER JOIN blocks ON blocks.id = source_items.block_id
