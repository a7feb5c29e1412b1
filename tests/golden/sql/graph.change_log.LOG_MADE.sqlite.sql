INSERT INTO changes (id, created_at, actor, action, batch, blocks, relations, last_of_blocks, last_of_relations)
SELECT NULL AS anon_1,
       strftime('%Y-%m-%dT%H:%M:%f000Z', 'now') AS anon_2,
       :actor AS anon_3,
       :action AS anon_4,
       :batch AS anon_5,
       CASE
           WHEN (new_blocks.number = 0) THEN NULL
           WHEN ((new_blocks.last - new_blocks.first) + 1 = new_blocks.number) THEN '[' || '[' || CAST(new_blocks.first AS TEXT) || ',' || CAST(new_blocks.last AS TEXT) || ']' || ']'
           ELSE
                  (SELECT '[' || group_concat('[' || CAST(blocks.id AS TEXT) || ',' || CAST(blocks.id AS TEXT) || ']', ',') || ']' AS anon_7
                   FROM blocks
                   WHERE blocks.id > coalesce(
                                                (SELECT last_of_blocks
                                                 FROM changes
                                                 WHERE id =
                                                     (SELECT max(id)
                                                      FROM changes)), 0))
       END AS anon_6,
       CASE
           WHEN (new_relations.number = 0) THEN NULL
           WHEN ((new_relations.last - new_relations.first) + 1 = new_relations.number) THEN '[' || '[' || CAST(new_relations.first AS TEXT) || ',' || CAST(new_relations.last AS TEXT) || ']' || ']'
           ELSE
                  (SELECT '[' || group_concat('[' || CAST(relations.id AS TEXT) || ',' || CAST(relations.id AS TEXT) || ']', ',') || ']' AS anon_9
                   FROM relations
                   WHERE relations.id > coalesce(
                                                   (SELECT last_of_relations
                                                    FROM changes
                                                    WHERE id =
                                                        (SELECT max(id)
                                                         FROM changes)), 0))
       END AS anon_8,
       coalesce(new_blocks.last, coalesce(
                                            (SELECT last_of_blocks
                                             FROM changes
                                             WHERE id =
                                                 (SELECT max(id)
                                                  FROM changes)), 0)) AS coalesce_1,
       coalesce(new_relations.last, coalesce(
                                               (SELECT last_of_relations
                                                FROM changes
                                                WHERE id =
                                                    (SELECT max(id)
                                                     FROM changes)), 0)) AS coalesce_2
FROM
  (SELECT min(blocks.id) AS first,
          max(blocks.id) AS last,
          count(*) AS number,
          NULL AS ids
   FROM blocks
   WHERE blocks.id > coalesce(
                                (SELECT last_of_blocks
                                 FROM changes
                                 WHERE id =
                                     (SELECT max(id)
                                      FROM changes)), 0)) AS new_blocks
JOIN
  (SELECT min(relations.id) AS first,
          max(relations.id) AS last,
          count(*) AS number,
          NULL AS ids
   FROM relations
   WHERE relations.id > coalesce(
                                   (SELECT last_of_relations
                                    FROM changes
                                    WHERE id =
                                        (SELECT max(id)
                                         FROM changes)), 0)) AS new_relations ON 1 = 1
WHERE new_blocks.number > 0
  OR new_relations.number > 0 ON CONFLICT (batch) DO
  UPDATE
  SET blocks = excluded.blocks,
      relations = excluded.relations,
      last_of_blocks = excluded.last_of_blocks,
      last_of_relations = excluded.last_of_relations
