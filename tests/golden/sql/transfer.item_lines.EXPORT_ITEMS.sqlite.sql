SELECT source_items.id,
       source_items.source_id,
       source_items."key",
       source_items.digest,
       source_items.stamp,
       source_items.arcs,
       source_items.block_id,
       source_items.block_digest,
       blocks.digest AS now_digest,
       source_items.missing_since AS missing_since
FROM source_items
LEFT OUTER JOIN blocks ON blocks.id = source_items.block_id
WHERE source_items.id > :after
  AND source_items.id <= :last_item
ORDER BY source_items.id
LIMIT :limit
OFFSET :param_1
