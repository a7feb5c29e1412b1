WITH resolved AS MATERIALIZED
  (SELECT given_relations.ord AS ord,
          coalesce(given_relations.from_id, from_block.id) AS from_,
          coalesce(given_relations.to_id, to_block.id) AS to_,
          given_relations.content AS content
   FROM
     (SELECT *
      FROM json_to_recordset(CAST(CASE
                                      WHEN ((EXISTS
                                               (SELECT source_items.id
                                                FROM source_items))
                                            AND
                                              (SELECT count(*) AS count_1
                                               FROM relations
                                               WHERE relations.id > CAST(nullif(current_setting('inkcre.last_of_relations', true), '') AS bigint)
                                                 AND relations.xmin = CAST(pg_current_xact_id_if_assigned() AS xid)) != :number::INTEGER) THEN :relations::VARCHAR
                                      ELSE '[]'
                                  END AS json)) AS given(ord bigint, created_at text, updated_at text, from_id bigint, from_digest text, to_id bigint, to_digest text, content text, is_given bigint)) AS given_relations
   LEFT OUTER JOIN blocks AS from_block ON from_block.digest = given_relations.from_digest
   LEFT OUTER JOIN blocks AS to_block ON to_block.digest = given_relations.to_digest
   WHERE coalesce(given_relations.is_given, :coalesce_1::INTEGER) = :coalesce_2::BIGINT)
UPDATE relations
SET is_given=:is_given::INTEGER
WHERE relations.is_given = :is_given_1::INTEGER
  AND relations.id IN
    (SELECT to_give.id
     FROM relations AS to_give
     WHERE to_give.is_given = :is_given_2::INTEGER
       AND to_give.id IN
         (SELECT
            (SELECT same.id
             FROM relations AS same
             WHERE same.from_ = resolved.from_
               AND same.to_ = resolved.to_
               AND same.content = resolved.content) AS anon_1
          FROM resolved)
     ORDER BY to_give.id
     FOR NO KEY UPDATE)
