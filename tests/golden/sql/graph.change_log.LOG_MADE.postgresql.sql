INSERT INTO changes (id, created_at, actor, action, batch, blocks, relations, last_of_blocks, last_of_relations)
SELECT nextval('changes_id_seq') AS anon_1,
       clock_timestamp() AS anon_2,
       :actor::VARCHAR AS anon_3,
       :action::VARCHAR AS anon_4,
       :batch::VARCHAR AS anon_5,
       CASE
           WHEN (new_blocks.number = 0) THEN NULL
           WHEN ((new_blocks.last - new_blocks.first) + 1 = new_blocks.number) THEN '[' || '[' || CAST(new_blocks.first AS TEXT) || ',' || CAST(new_blocks.last AS TEXT) || ']' || ']'
           ELSE '[' || regexp_replace(array_to_string(new_blocks.ids, ','), '\d+', '[\&,\&]', 'g') || ']'
       END AS anon_6,
       CASE
           WHEN (new_relations.number = 0) THEN NULL
           WHEN ((new_relations.last - new_relations.first) + 1 = new_relations.number) THEN '[' || '[' || CAST(new_relations.first AS TEXT) || ',' || CAST(new_relations.last AS TEXT) || ']' || ']'
           ELSE '[' || regexp_replace(array_to_string(new_relations.ids, ','), '\d+', '[\&,\&]', 'g') || ']'
       END AS anon_7,
       coalesce(new_blocks.last, CAST(NULL AS bigint)) AS coalesce_1,
       coalesce(new_relations.last, CAST(NULL AS bigint)) AS coalesce_2
FROM
  (SELECT min(blocks.id) AS first,
          max(blocks.id) AS last,
          count(*) AS number,
          array_agg(blocks.id
                    ORDER BY blocks.id) AS ids
   FROM blocks
   WHERE blocks.id > CAST(nullif(current_setting('inkcre.last_of_blocks', true), '') AS bigint)
     AND blocks.xmin = CAST(pg_current_xact_id_if_assigned() AS xid)) AS new_blocks
JOIN
  (SELECT min(relations.id) AS first,
          max(relations.id) AS last,
          count(*) AS number,
          array_agg(relations.id
                    ORDER BY relations.id) AS ids
   FROM relations
   WHERE relations.id > CAST(nullif(current_setting('inkcre.last_of_relations', true), '') AS bigint)
     AND relations.xmin = CAST(pg_current_xact_id_if_assigned() AS xid)) AS new_relations ON true
WHERE new_blocks.number > 0
  OR new_relations.number > 0 ON CONFLICT (batch) DO
  UPDATE
  SET blocks = excluded.blocks,
      relations = excluded.relations,
      last_of_blocks = excluded.last_of_blocks,
      last_of_relations = excluded.last_of_relations
