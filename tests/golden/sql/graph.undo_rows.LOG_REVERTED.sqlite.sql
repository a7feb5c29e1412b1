INSERT INTO changes (id, created_at, actor, action, batch, changed, last_of_blocks, last_of_relations)
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
           (SELECT reverted.id AS id,
                   '{"block":' || json_object('id', reverted.id, 'created_at', reverted.created_at, 'updated_at', reverted.updated_at, 'storage', reverted.storage, 'resolver', reverted.resolver, 'content', reverted.content, 'is_given', reverted.is_given) || '}' AS entry
            FROM
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
                   (SELECT given_back.id
                    FROM
                      (SELECT value ->> 'ord' AS ord,
                              value ->> 'id' AS id,
                              value ->> 'created_at' AS created_at,
                              value ->> 'updated_at' AS updated_at,
                              value ->> 'storage' AS
                       storage,
                              value ->> 'resolver' AS resolver,
                              value ->> 'content' AS content,
                              value ->> 'digest' AS digest,
                              value ->> 'is_given' AS is_given
                       FROM json_each(:back)) AS given_back)) AS reverted) AS part_0) AS found) AS sized
   HAVING count(*) > 0) AS former
WHERE 1 = 1 ON CONFLICT (batch) DO
  UPDATE
  SET changed = coalesce(substr(changes.changed, 1, length(changes.changed) - 1) || ',' || substr(excluded.changed, 2), excluded.changed)
