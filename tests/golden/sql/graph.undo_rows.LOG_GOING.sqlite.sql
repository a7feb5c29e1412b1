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
          (SELECT value ->> 'id' AS id
           FROM json_each(:gone)) AS given_gone))
INSERT INTO changes (id, created_at, actor, action, batch, deleted, last_of_blocks, last_of_relations)
SELECT NULL AS anon_1,
       strftime('%Y-%m-%dT%H:%M:%f000Z', 'now') AS anon_2,
       :actor AS anon_3,
       :action AS anon_4,
       :batch AS anon_5,
       former.entries,
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
FROM
  (SELECT '[' || coalesce(group_concat(sized.entry, ',') FILTER (
                                                                 WHERE sized.size <= :room), '') || CASE
                                                                                                        WHEN (count(*) FILTER (
                                                                                                                               WHERE sized.size > :room) = 0) THEN ''
                                                                                                        ELSE CASE
                                                                                                                 WHEN (group_concat(sized.entry, ',') FILTER (
                                                                                                                                                              WHERE sized.size <= :room) IS NULL) THEN ''
                                                                                                                 ELSE ','
                                                                                                             END || '{"left_out":' || CAST(count(*) FILTER (
                                                                                                                                                            WHERE sized.size > :room) AS TEXT) || '}'
                                                                                                    END || ']' AS entries
   FROM
     (SELECT found.entry AS entry,
             sum(length(CAST(found.entry AS BLOB)) + 1) OVER (
                                                              ORDER BY found.part, found.id) AS size
      FROM
        (SELECT 0 AS part,
                part_0.id AS id,
                part_0.entry AS entry
         FROM
           (SELECT going.id AS id,
                   '{"block":' || json_object('id', going.id, 'created_at', going.created_at, 'updated_at', going.updated_at, 'storage', going.storage, 'resolver', going.resolver, 'content', going.content, 'is_given', going.is_given) || '}' AS entry
            FROM going) AS part_0
         UNION ALL SELECT 1 AS part,
                          part_1.id AS id,
                          part_1.entry AS entry
         FROM
           (SELECT along.id AS id,
                   '{"relation":' || json_object('id', along.id, 'created_at', along.created_at, 'updated_at', along.updated_at, 'from_', along.from_, 'to_', along.to_, 'content', along.content, 'is_given', along.is_given) || '}' AS entry
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
WHERE 1 = 1 ON CONFLICT (batch) DO
  UPDATE
  SET deleted = coalesce(substr(changes.deleted, 1, length(changes.deleted) - 1) || ',' || substr(excluded.deleted, 2), excluded.deleted)
