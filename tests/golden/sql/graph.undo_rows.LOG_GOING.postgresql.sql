WITH going AS
  (SELECT blocks.id AS id,
          blocks.created_at AS created_at,
          blocks.updated_at AS updated_at,
          blocks.storage AS
   storage,
          blocks.resolver AS resolver,
          blocks.content AS content,
          blocks.digest AS digest,
          blocks.is_given AS is_given
   FROM blocks
   WHERE blocks.id IN
       (SELECT given_gone.id
        FROM
          (SELECT *
           FROM json_to_recordset(CAST(:gone::VARCHAR AS json)) AS given(id bigint)) AS given_gone))
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
           (SELECT going.id AS id,
                   '{"block":' || CAST(json_build_object('id', going.id, 'created_at', to_char(going.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'updated_at', to_char(going.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'storage', going.storage, 'resolver', going.resolver, 'content', going.content, 'is_given', going.is_given) AS text) || '}' AS entry
            FROM going) AS part_0
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
                   (SELECT going.id
                    FROM going)
               UNION ALL SELECT relations.id AS id,
                                relations.created_at AS created_at,
                                relations.updated_at AS updated_at,
                                relations.from_ AS from_,
                                relations.to_ AS to_,
                                relations.content AS content,
                                relations.is_given AS is_given
               FROM relations
               WHERE relations.to_ IN
                   (SELECT going.id
                    FROM going)
                 AND (relations.from_ NOT IN
                        (SELECT going.id
                         FROM going))) AS along) AS part_1) AS found) AS sized
   HAVING count(*) > 0) AS former
WHERE true ON CONFLICT (batch) DO
  UPDATE
  SET deleted = coalesce(substr(changes.deleted, 1, length(changes.deleted) - 1) || ',' || substr(excluded.deleted, 2), excluded.deleted)
