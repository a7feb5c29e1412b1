WITH gone AS
  (SELECT left_block.id AS id,
          left_block.created_at AS created_at,
          left_block.updated_at AS updated_at,
          left_block.storage AS
   storage,
          left_block.resolver AS resolver,
          left_block.content AS content,
          left_block.digest AS digest,
          left_block.is_given AS is_given
   FROM blocks AS left_block
   WHERE left_block.id IN
       (SELECT given_left.id
        FROM
          (SELECT *
           FROM json_to_recordset(CAST(:left::VARCHAR AS json)) AS given(id bigint)) AS given_left)
     AND left_block.is_given = :is_given_1::INTEGER
     AND NOT (EXISTS
                (SELECT *
                 FROM source_items AS sayer
                 WHERE sayer.block_id = left_block.id
                   AND sayer.digest != :digest_1::VARCHAR))
     AND NOT (EXISTS
                (SELECT *
                 FROM relations AS holding
                 WHERE holding.from_ = left_block.id
                   AND (holding.is_given = :is_given_2::INTEGER
                        OR (EXISTS
                              (SELECT *
                               FROM sayings
                               WHERE sayings.relation_id = holding.id
                                 AND sayings.is_link = :is_link_1::INTEGER)))))
     AND NOT (EXISTS
                (SELECT *
                 FROM relations AS holding
                 WHERE holding.to_ = left_block.id
                   AND (holding.is_given = :is_given_3::INTEGER
                        OR (EXISTS
                              (SELECT *
                               FROM sayings
                               WHERE sayings.relation_id = holding.id
                                 AND sayings.is_link = :is_link_1::INTEGER))))))
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
                   '{"block":' || CAST(json_build_object('id', gone.id, 'created_at', to_char(gone.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'updated_at', to_char(gone.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'storage', gone.storage, 'resolver', gone.resolver, 'content', gone.content, 'is_given', gone.is_given) AS text) || '}' AS entry
            FROM gone) AS part_0
         UNION ALL SELECT 1 AS part,
                          part_1.id AS id,
                          part_1.entry AS entry
         FROM
           (SELECT along.id AS id,
                   '{"relation":' || CAST(json_build_object('id', along.id, 'created_at', to_char(along.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'updated_at', to_char(along.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'from_', along.from_, 'to_', along.to_, 'content', along.content, 'is_given', along.is_given) AS text) || '}' AS entry
            FROM
              (SELECT relations.id AS id,
                      relations.created_at AS created_at,
                      relations.updated_at AS updated_at,
                      relations.from_ AS from_,
                      relations.to_ AS to_,
                      relations.content AS content,
                      relations.is_given AS is_given
               FROM relations
               WHERE relations.from_ IN
                   (SELECT gone.id
                    FROM gone)
               UNION ALL SELECT relations.id AS id,
                                relations.created_at AS created_at,
                                relations.updated_at AS updated_at,
                                relations.from_ AS from_,
                                relations.to_ AS to_,
                                relations.content AS content,
                                relations.is_given AS is_given
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
