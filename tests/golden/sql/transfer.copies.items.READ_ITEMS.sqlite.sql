SELECT source_items.source_id,
       source_items."key",
       source_items.digest,
       source_items.stamp,
       source_items.arcs,
       source_items.block_digest,
       blocks.digest AS now_digest,
       source_items.missing_since AS missing_since,
       source_items.block_id
FROM source_items
LEFT OUTER JOIN blocks ON blocks.id = source_items.block_id
WHERE (source_items.source_id,
       source_items."key") > (:after_source_id,
                              :after_key)
ORDER BY source_items.source_id,
         source_items."key"
LIMIT :limit
OFFSET :param_1
