WITH gone AS
  (SELECT present.id AS id,
          present.created_at AS created_at,
          present.updated_at AS updated_at,
          present.storage AS
   storage,
          present.resolver AS resolver,
          present.content AS content,
          present.digest AS digest
   FROM
     (SELECT *
      FROM json_to_recordset(CAST(:orphaned::VARCHAR AS json)) AS given(id bigint, digest text)) AS given_orphaned
   JOIN blocks AS present ON present.id = given_orphaned.id
   WHERE present.digest = given_orphaned.digest
     AND NOT (EXISTS
                (SELECT *
                 FROM source_items AS twin
                 WHERE twin.block_id = given_orphaned.id))
     AND NOT (EXISTS
                (SELECT *
                 FROM relations
                 WHERE relations.from_ = given_orphaned.id
                   AND NOT (EXISTS
                              (SELECT *
                               FROM source_items AS neighbour
                               WHERE neighbour.block_id = relations.to_
                                 AND neighbour.source_id = :source::BIGINT))))
     AND NOT (EXISTS
                (SELECT *
                 FROM relations
                 WHERE relations.to_ = given_orphaned.id
                   AND NOT (EXISTS
                              (SELECT *
                               FROM source_items AS neighbour
                               WHERE neighbour.block_id = relations.from_
                                 AND neighbour.source_id = :source::BIGINT)))))
INSERT INTO changes (id, created_at, actor, action, batch, deleted, last_of_blocks, last_of_relations)
SELECT nextval('changes_id_seq') AS anon_1,
       clock_timestamp() AS anon_2,
       :actor::VARCHAR AS anon_3,
       :action::VARCHAR AS anon_4,
       :batch::VARCHAR AS anon_5,
       former.entries,
       CAST(NULL AS bigint) AS anon_6,
       CAST(NULL AS bigint) AS anon_7
FROM
  (SELECT '[' || coalesce(string_agg(sized.entry, ',') FILTER (
                                                               WHERE sized.size <= :room::BIGINT), '') || CASE
                                                                                                              WHEN (count(*) FILTER (
                                                                                                                                     WHERE sized.size > :room::BIGINT) = 0) THEN ''
                                                                                                              ELSE CASE
                                                                                                                       WHEN (string_agg(sized.entry, ',') FILTER (
                                                                                                                                                                  WHERE sized.size <= :room::BIGINT) IS NULL) THEN ''
                                                                                                                       ELSE ','
                                                                                                                   END || '{"left_out":' || CAST(count(*) FILTER (
                                                                                                                                                                  WHERE sized.size > :room::BIGINT) AS TEXT) || '}'
                                                                                                          END || ']' AS entries
   FROM
     (SELECT found.entry AS entry,
             sum(octet_length(found.entry) + 1) OVER (
                                                      ORDER BY found.part, found.id) AS size
      FROM
        (SELECT 0 AS part,
                part_0.id AS id,
                part_0.entry AS entry
         FROM
           (SELECT gone.id AS id,
                   '{"block":' || CAST(json_build_object('id', gone.id, 'created_at', to_char(gone.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'updated_at', to_char(gone.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'storage', gone.storage, 'resolver', gone.resolver, 'content', gone.content) AS text) || '}' AS entry
            FROM gone) AS part_0
         UNION ALL SELECT 1 AS part,
                          part_1.id AS id,
                          part_1.entry AS entry
         FROM
           (SELECT along.id AS id,
                   '{"relation":' || CAST(json_build_object('id', along.id, 'created_at', to_char(along.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'updated_at', to_char(along.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'from_', along.from_, 'to_', along.to_, 'content', along.content) AS text) || '}' AS entry
            FROM
              (SELECT relations.id AS id,
                      relations.created_at AS created_at,
                      relations.updated_at AS updated_at,
                      relations.from_ AS from_,
                      relations.to_ AS to_,
                      relations.content AS content
               FROM relations
               WHERE relations.from_ IN
                   (SELECT gone.id
                    FROM gone)
               UNION ALL SELECT relations.id AS id,
                                relations.created_at AS created_at,
                                relations.updated_at AS updated_at,
                                relations.from_ AS from_,
                                relations.to_ AS to_,
                                relations.content AS content
               FROM relations
               WHERE relations.to_ IN
                   (SELECT gone.id
                    FROM gone)
                 AND (relations.from_ NOT IN
                        (SELECT gone.id
                         FROM gone))) AS along) AS part_1) AS found) AS sized
   HAVING count(*) > 0) AS former
WHERE true ON CONFLICT (batch) DO
  UPDATE
  SET deleted = coalesce(substr(changes.deleted, 1, length(changes.deleted) - 1) || ',' || substr(excluded.deleted, 2), excluded.deleted)
