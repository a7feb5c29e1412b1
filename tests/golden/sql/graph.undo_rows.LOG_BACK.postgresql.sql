INSERT INTO changes (id, created_at, actor, action, batch, blocks, relations, last_of_blocks, last_of_relations)
SELECT nextval('changes_id_seq') AS anon_1,
       clock_timestamp() AS anon_2,
       :actor::VARCHAR AS anon_3,
       :action::VARCHAR AS anon_4,
       :batch::VARCHAR AS anon_5,
       :blocks::VARCHAR AS anon_6,
       :relations::VARCHAR AS anon_7,
       CAST(NULL AS bigint) AS anon_8,
       CAST(NULL AS bigint) AS anon_9
WHERE true ON CONFLICT (batch) DO
  UPDATE
  SET blocks = excluded.blocks,
      relations = excluded.relations
