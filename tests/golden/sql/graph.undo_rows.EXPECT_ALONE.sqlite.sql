INSERT INTO changes (id, created_at, actor, action, batch, last_of_blocks, last_of_relations)
SELECT NULL AS anon_1,
       strftime('%Y-%m-%dT%H:%M:%f000Z', 'now') AS anon_2,
       :actor AS anon_3,
       CASE
           WHEN (NOT ((EXISTS
                         (SELECT relations.id
                          FROM
                            (SELECT value ->> 'id' AS id
                             FROM json_each(:gone)) AS given_gone
                          JOIN relations ON relations.from_ = given_gone.id
                          WHERE (relations.id NOT IN
                                   (SELECT given_known.id
                                    FROM
                                      (SELECT value ->> 'id' AS id
                                       FROM json_each(:known)) AS given_known))))
                      OR (EXISTS
                            (SELECT relations.id
                             FROM
                               (SELECT value ->> 'id' AS id
                                FROM json_each(:gone)) AS given_gone
                             JOIN relations ON relations.to_ = given_gone.id
                             WHERE (relations.id NOT IN
                                      (SELECT given_known.id
                                       FROM
                                         (SELECT value ->> 'id' AS id
                                          FROM json_each(:known)) AS given_known)))))) THEN CAST(:action AS TEXT)
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
