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
           (SELECT gone.id AS id,
                   '{"block":' || json_object('id', gone.id, 'created_at', gone.created_at, 'updated_at', gone.updated_at, 'storage', gone.storage, 'resolver', gone.resolver, 'content', gone.content, 'is_given', gone.is_given) || '}' AS entry
            FROM
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
               WHERE left_block.digest IN
                   (SELECT given_around.digest
                    FROM
                      (SELECT value ->> 'digest' AS digest
                       FROM json_each(:around)) AS given_around)
                 AND left_block.is_given = :is_given_1
                 AND NOT (EXISTS
                            (SELECT *
                             FROM source_items AS sayer
                             WHERE sayer.block_id = left_block.id))
                 AND NOT (EXISTS
                            (SELECT *
                             FROM relations AS holding
                             WHERE holding.from_ = left_block.id))
                 AND NOT (EXISTS
                            (SELECT *
                             FROM relations AS holding
                             WHERE holding.to_ = left_block.id))) AS gone) AS part_0) AS found) AS sized
   HAVING count(*) > 0) AS former
WHERE 1 = 1 ON CONFLICT (batch) DO
  UPDATE
  SET deleted = coalesce(substr(changes.deleted, 1, length(changes.deleted) - 1) || ',' || substr(excluded.deleted, 2), excluded.deleted)
