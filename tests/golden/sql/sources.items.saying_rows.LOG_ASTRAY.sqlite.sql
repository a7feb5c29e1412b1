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
                   '{"relation":' || json_object('id', gone.id, 'created_at', gone.created_at, 'updated_at', gone.updated_at, 'from_', gone.from_, 'to_', gone.to_, 'content', gone.content, 'is_given', gone.is_given) || '}' AS entry
            FROM
              (SELECT led.id AS id,
                      led.created_at AS created_at,
                      led.updated_at AS updated_at,
                      led.from_ AS from_,
                      led.to_ AS to_,
                      led.content AS content,
                      led.is_given AS is_given
               FROM relations AS led
               WHERE led.to_ IN
                   (SELECT given_left.id
                    FROM
                      (SELECT value ->> 'id' AS id
                       FROM json_each(:left)) AS given_left)
                 AND led.is_given = :is_given_1
                 AND NOT (EXISTS
                            (SELECT *
                             FROM source_items AS to_item
                             WHERE to_item.block_id = led.to_
                               AND to_item.digest != :digest_1))
                 AND (EXISTS
                        (SELECT *
                         FROM sayings
                         WHERE sayings.relation_id = led.id
                           AND sayings.is_link = :is_link_1))
                 AND NOT (EXISTS
                            (SELECT *
                             FROM sayings
                             WHERE sayings.relation_id = led.id
                               AND sayings.is_link = :is_link_2))) AS gone) AS part_0) AS found) AS sized
   HAVING count(*) > 0) AS former
WHERE 1 = 1 ON CONFLICT (batch) DO
  UPDATE
  SET deleted = coalesce(substr(changes.deleted, 1, length(changes.deleted) - 1) || ',' || substr(excluded.deleted, 2), excluded.deleted)
