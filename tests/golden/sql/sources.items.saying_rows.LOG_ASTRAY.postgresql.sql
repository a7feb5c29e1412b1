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
                   '{"relation":' || CAST(json_build_object('id', gone.id, 'created_at', to_char(gone.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'updated_at', to_char(gone.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'from_', gone.from_, 'to_', gone.to_, 'content', gone.content, 'is_given', gone.is_given) AS text) || '}' AS entry
            FROM
              (SELECT led.id AS id,
                      led.created_at AS created_at,
                      led.updated_at AS updated_at,
                      led.from_ AS from_,
                      led.to_ AS to_,
                      led.content AS content,
                      led.is_given AS is_given
               FROM relations AS led
               WHERE led.to_ = ANY (ARRAY
                                      (SELECT given_left.id
                                       FROM
                                         (SELECT *
                                          FROM json_to_recordset(CAST(:left::VARCHAR AS json)) AS given(id bigint)) AS given_left))
                 AND led.is_given = :is_given_1::INTEGER
                 AND NOT (EXISTS
                            (SELECT *
                             FROM source_items AS to_item
                             WHERE to_item.block_id = led.to_
                               AND to_item.digest != :digest_1::VARCHAR))
                 AND (EXISTS
                        (SELECT *
                         FROM sayings
                         WHERE sayings.relation_id = led.id
                           AND sayings.is_link = :is_link_1::INTEGER))
                 AND NOT (EXISTS
                            (SELECT *
                             FROM sayings
                             WHERE sayings.relation_id = led.id
                               AND sayings.is_link = :is_link_2::INTEGER))) AS gone) AS part_0) AS found) AS sized
   HAVING count(*) > 0) AS former
WHERE true ON CONFLICT (batch) DO
  UPDATE
  SET deleted = coalesce(substr(changes.deleted, 1, length(changes.deleted) - 1) || ',' || substr(excluded.deleted, 2), excluded.deleted)
