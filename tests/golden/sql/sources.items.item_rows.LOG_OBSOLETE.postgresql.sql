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
                   '{"relation":' || CAST(json_build_object('id', gone.id, 'created_at', to_char(gone.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'updated_at', to_char(gone.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'from_', gone.from_, 'to_', gone.to_, 'content', gone.content) AS text) || '}' AS entry
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
                      (SELECT *
                       FROM json_to_recordset(CAST(:obsolete::VARCHAR AS json)) AS given(from_id bigint, from_digest text, to_id bigint, to_digest text, to_key text, content text)) AS given_obsolete
                    LEFT OUTER JOIN blocks AS from_block ON from_block.digest = given_obsolete.from_digest
                    LEFT OUTER JOIN blocks AS to_block ON to_block.digest = given_obsolete.to_digest
                    LEFT OUTER JOIN source_items AS to_item ON to_item.key = given_obsolete.to_key
                    AND to_item.source_id = :source::BIGINT
                    JOIN relations ON relations.from_ = coalesce(given_obsolete.from_id, from_block.id)
                    AND relations.to_ = coalesce(given_obsolete.to_id, to_block.id, to_item.block_id)
                    AND relations.content = given_obsolete.content)) AS gone) AS part_0) AS found) AS sized
   HAVING count(*) > 0) AS former
WHERE true ON CONFLICT (batch) DO
  UPDATE
  SET deleted = coalesce(substr(changes.deleted, 1, length(changes.deleted) - 1) || ',' || substr(excluded.deleted, 2), excluded.deleted)
