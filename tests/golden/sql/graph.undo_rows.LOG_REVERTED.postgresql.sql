INSERT INTO changes (id, created_at, actor, action, batch, changed, last_of_blocks, last_of_relations)
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
           (SELECT reverted.id AS id,
                   '{"block":' || CAST(json_build_object('id', reverted.id, 'created_at', to_char(reverted.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'updated_at', to_char(reverted.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'storage', reverted.storage, 'resolver', reverted.resolver, 'content', reverted.content, 'is_given', reverted.is_given) AS text) || '}' AS entry
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
                      (SELECT *
                       FROM json_to_recordset(CAST(:back::VARCHAR AS json)) AS given(ord bigint, id bigint, created_at text, updated_at text,
                                                                                     storage text, resolver text, content text, digest text, is_given bigint)) AS given_back)) AS reverted) AS part_0) AS found) AS sized
   HAVING count(*) > 0) AS former
WHERE true ON CONFLICT (batch) DO
  UPDATE
  SET changed = coalesce(substr(changes.changed, 1, length(changes.changed) - 1) || ',' || substr(excluded.changed, 2), excluded.changed)
