INSERT INTO changes (id, created_at, actor, action, batch, last_of_blocks, last_of_relations)
SELECT nextval('changes_id_seq') AS anon_1,
       clock_timestamp() AS anon_2,
       :actor::VARCHAR AS anon_3,
       CASE
           WHEN (NOT (EXISTS
                        (SELECT given_seen_relations.id
                         FROM
                           (SELECT *
                            FROM json_to_recordset(CAST(:seen_relations::VARCHAR AS json)) AS given(id bigint, is_given bigint)) AS given_seen_relations
                         WHERE NOT (EXISTS
                                      (SELECT *
                                       FROM relations
                                       WHERE relations.id = given_seen_relations.id
                                         AND relations.is_given = given_seen_relations.is_given))))) THEN CAST(:action::VARCHAR AS TEXT)
           ELSE NULL
       END AS anon_4,
       :batch::VARCHAR AS anon_5,
       CAST(NULL AS bigint) AS anon_6,
       CAST(NULL AS bigint) AS anon_7
WHERE true ON CONFLICT (batch) DO
  UPDATE
  SET action = excluded.action
