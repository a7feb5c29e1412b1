SELECT source_items.id,
       source_items.source_id,
       source_items.key,
       source_items.digest,
       source_items.stamp,
       source_items.arcs,
       source_items.block_id,
       source_items.block_digest,
       blocks.digest AS now_digest,
       to_char(source_items.missing_since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS missing_since
FROM source_items
LEFT OUTER JOIN blocks ON blocks.id = source_items.block_id
WHERE source_items.id > :after::BIGINT
  AND source_items.id <= :last_item::BIGINT
ORDER BY source_items.id
LIMIT :limit::INTEGER
