INSERT INTO changes (id, created_at, actor, action, batch, last_of_blocks, last_of_relations)
SELECT NULL AS anon_1,
       strftime('%Y-%m-%dT%H:%M:%f000Z', 'now') AS anon_2,
       :actor AS anon_3,
       CASE
           WHEN (NOT (EXISTS
                        (SELECT given_seen.id
                         FROM
                           (SELECT value ->> 'id' AS id,
                                   value ->> 'digest' AS digest,
                                   value ->> 'updated_at' AS updated_at,
                                   value ->> 'is_given' AS is_given
                            FROM json_each(:seen)) AS given_seen
                         WHERE NOT (EXISTS
                                      (SELECT *
                                       FROM blocks
                                       WHERE blocks.id = given_seen.id
                                         AND blocks.digest = given_seen.digest
                                         AND blocks.updated_at = given_seen.updated_at
                                         AND blocks.is_given = given_seen.is_given))))) THEN CAST(:action AS TEXT)
           ELSE NULL
       END AS anon_4,
       :batch AS anon_5,
       coalesce(
                  (SELECT last_of_blocks
                   FROM changes
                   WHERE id =
                       (SELECT max(id)
                        FROM changes)), 0) AS anon_6,
       coalesce(
                  (SELECT last_of_relations
                   FROM changes
                   WHERE id =
                       (SELECT max(id)
                        FROM changes)), 0) AS anon_7
WHERE 1 = 1 ON CONFLICT (batch) DO
  UPDATE
  SET action = excluded.action
