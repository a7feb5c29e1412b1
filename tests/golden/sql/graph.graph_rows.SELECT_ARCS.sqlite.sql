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
             value ->> 'content' AS content
      FROM json_each(:relations)) AS given_relations
   LEFT OUTER JOIN blocks AS from_block ON from_block.digest = given_relations.from_digest
   LEFT OUTER JOIN blocks AS to_block ON to_block.digest = given_relations.to_digest)
SELECT resolved.ord,
       relations.id,
       relations.created_at AS created_at,
       relations.updated_at AS updated_at,
       relations.from_,
       relations.to_,
       relations.content,
       relations.is_given
FROM resolved
JOIN relations ON relations.id =
  (SELECT same.id
   FROM relations AS same
   WHERE same.from_ = resolved.from_
     AND same.to_ = resolved.to_
     AND same.content = resolved.content)
