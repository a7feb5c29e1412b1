WITH resolved AS MATERIALIZED
  (SELECT given_relations.ord AS ord,
          coalesce(given_relations.from_id, from_block.id) AS from_,
          coalesce(given_relations.to_id, to_block.id) AS to_,
          given_relations.content AS content
   FROM
     (SELECT value ->> 'ord' AS ord,
             value ->> 'created_at' AS created_at,
             value ->> 'updated_at' AS updated_at,
             value ->> 'from_id' AS from_id,
             value ->> 'from_digest' AS from_digest,
             value ->> 'to_id' AS to_id,
             value ->> 'to_digest' AS to_digest,
             value ->> 'content' AS content,
             value ->> 'is_given' AS is_given
      FROM json_each(CASE
                         WHEN ((EXISTS
                                  (SELECT source_items.id
                                   FROM source_items))
                               AND
                                 (SELECT count(*) AS count_1
                                  FROM relations
                                  WHERE relations.id > coalesce(
                                                                  (SELECT last_of_relations
                                                                   FROM changes
                                                                   WHERE id =
                                                                       (SELECT max(id)
                                                                        FROM changes)), 0)) != :number) THEN :relations
                         ELSE '[]'
                     END)) AS given_relations
   LEFT OUTER JOIN blocks AS from_block ON from_block.digest = given_relations.from_digest
   LEFT OUTER JOIN blocks AS to_block ON to_block.digest = given_relations.to_digest
   WHERE coalesce(given_relations.is_given, :coalesce_1) = :coalesce_2)
UPDATE relations
SET is_given=:is_given
WHERE relations.is_given = :is_given_1
  AND relations.id IN
    (SELECT to_give.id
     FROM relations AS to_give
     WHERE to_give.is_given = :is_given_2
       AND to_give.id IN
         (SELECT
            (SELECT same.id
             FROM relations AS same
             WHERE same.from_ = resolved.from_
               AND same.to_ = resolved.to_
               AND same.content = resolved.content) AS anon_1
          FROM resolved)
     ORDER BY to_give.id)
