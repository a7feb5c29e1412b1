INSERT INTO source_items (source_id, key, digest, stamp, arcs, block_id, block_digest)
SELECT :source::BIGINT AS anon_1,
       given_items.key,
       CASE
           WHEN (coalesce(given_items.block_id, theirs.id) IS NOT NULL
                 AND before.digest = given_items.seen_digest
                 AND before.block_id IS NOT DISTINCT
                 FROM given_items.seen_block_id) THEN given_items.digest
       END AS anon_2,
       given_items.stamp,
       given_items.arcs,
       coalesce(given_items.block_id, theirs.id) AS coalesce_1,
       given_items.block_digest
FROM
  (SELECT *
   FROM json_to_recordset(CAST(:items::VARCHAR AS json)) AS given(key text, digest text, stamp text, arcs text, block_id bigint, block_digest text, id bigint, seen_digest text, seen_block_id bigint)) AS given_items
LEFT OUTER JOIN
  (SELECT blocks.id AS id,
          blocks.digest AS digest
   FROM blocks
   WHERE blocks.digest IN
       (SELECT given_items.block_digest
        FROM
          (SELECT *
           FROM json_to_recordset(CAST(:items::VARCHAR AS json)) AS given(key text, digest text, stamp text, arcs text, block_id bigint, block_digest text, id bigint, seen_digest text, seen_block_id bigint)) AS given_items)
   ORDER BY blocks.id
   FOR KEY SHARE) AS theirs ON theirs.digest = given_items.block_digest
LEFT OUTER JOIN
  (SELECT source_items.id AS id,
          source_items.digest AS digest,
          source_items.block_id AS block_id
   FROM source_items
   WHERE source_items.id IN
       (SELECT given_items.id
        FROM
          (SELECT *
           FROM json_to_recordset(CAST(:items::VARCHAR AS json)) AS given(key text, digest text, stamp text, arcs text, block_id bigint, block_digest text, id bigint, seen_digest text, seen_block_id bigint)) AS given_items)
   ORDER BY source_items.id
   FOR UPDATE) AS
before ON before.id = given_items.id
WHERE true ON CONFLICT (source_id,
                        key) DO
  UPDATE
  SET digest = excluded.digest,
      stamp = excluded.stamp,
      arcs = excluded.arcs,
      block_id = excluded.block_id,
      block_digest = excluded.block_digest RETURNING source_items.key,
                                                     source_items.block_id
