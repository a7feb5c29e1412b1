INSERT INTO changes (id, created_at, actor, action, batch, last_of_blocks, last_of_relations)
SELECT nextval('changes_id_seq') AS anon_1,
       clock_timestamp() AS anon_2,
       :actor::VARCHAR AS anon_3,
       CASE
           WHEN (NOT ((EXISTS
                         (SELECT relations.id
                          FROM
                            (SELECT *
                             FROM json_to_recordset(CAST(:gone::VARCHAR AS json)) AS given(id bigint)) AS given_gone
                          JOIN relations ON relations.from_ = given_gone.id
                          WHERE (relations.id NOT IN
                                   (SELECT given_known.id
                                    FROM
                                      (SELECT *
                                       FROM json_to_recordset(CAST(:known::VARCHAR AS json)) AS given(id bigint)) AS given_known))))
                      OR (EXISTS
                            (SELECT relations.id
                             FROM
                               (SELECT *
                                FROM json_to_recordset(CAST(:gone::VARCHAR AS json)) AS given(id bigint)) AS given_gone
                             JOIN relations ON relations.to_ = given_gone.id
                             WHERE (relations.id NOT IN
                                      (SELECT given_known.id
                                       FROM
                                         (SELECT *
                                          FROM json_to_recordset(CAST(:known::VARCHAR AS json)) AS given(id bigint)) AS given_known)))))) THEN CAST(:action::VARCHAR AS TEXT)
           ELSE NULL
       END AS anon_4,
       :batch::VARCHAR AS anon_5,
       CAST(NULL AS bigint) AS anon_6,
       CAST(NULL AS bigint) AS anon_7
WHERE true ON CONFLICT (batch) DO
  UPDATE
  SET action = excluded.action
