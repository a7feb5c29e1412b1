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
                   '{"relation":' || json_object('id', gone.id, 'created_at', gone.created_at, 'updated_at', gone.updated_at, 'from_', gone.from_, 'to_', gone.to_, 'content', gone.content) || '}' AS entry
            FROM
              (SELECT gone_relation.id AS id,
                      gone_relation.created_at AS created_at,
                      gone_relation.updated_at AS updated_at,
                      gone_relation.from_ AS from_,
                      gone_relation.to_ AS to_,
                      gone_relation.content AS content
               FROM relations AS gone_relation
               WHERE gone_relation.id IN
                   (SELECT relations.id
                    FROM
                      (SELECT value ->> 'from_id' AS from_id,
                              value ->> 'from_digest' AS from_digest,
                              value ->> 'to_id' AS to_id,
                              value ->> 'to_digest' AS to_digest,
                              value ->> 'to_key' AS to_key,
                              value ->> 'content' AS content
                       FROM json_each(:obsolete)) AS given_obsolete
                    LEFT OUTER JOIN blocks AS from_block ON from_block.digest = given_obsolete.from_digest
                    LEFT OUTER JOIN blocks AS to_block ON to_block.digest = given_obsolete.to_digest
                    LEFT OUTER JOIN source_items AS to_item ON to_item."key" = given_obsolete.to_key
                    AND to_item.source_id = :source
                    JOIN relations ON relations.from_ = coalesce(given_obsolete.from_id, from_block.id)
                    AND relations.to_ = coalesce(given_obsolete.to_id, to_block.id, to_item.block_id)
                    AND relations.content = given_obsolete.content)) AS gone) AS part_0) AS found) AS sized
   HAVING count(*) > 0) AS former
WHERE 1 = 1 ON CONFLICT (batch) DO
  UPDATE
  SET deleted = coalesce(substr(changes.deleted, 1, length(changes.deleted) - 1) || ',' || substr(excluded.deleted, 2), excluded.deleted)
