INSERT INTO changes (id, created_at, actor, action, batch, blocks, relations, last_of_blocks, last_of_relations)
SELECT NULL AS anon_1,
       strftime('%Y-%m-%dT%H:%M:%f000Z', 'now') AS anon_2,
       :actor AS anon_3,
       :action AS anon_4,
       :batch AS anon_5,
       :blocks AS anon_6,
       :relations AS anon_7,
       coalesce(
                  (SELECT last_of_blocks
                   FROM changes
                   WHERE id =
                       (SELECT max(id)
                        FROM changes)), 0) AS anon_8,
       coalesce(
                  (SELECT last_of_relations
                   FROM changes
                   WHERE id =
                       (SELECT max(id)
                        FROM changes)), 0) AS anon_9
WHERE 1 = 1 ON CONFLICT (batch) DO
  UPDATE
  SET blocks = excluded.blocks,
      relations = excluded.relations
