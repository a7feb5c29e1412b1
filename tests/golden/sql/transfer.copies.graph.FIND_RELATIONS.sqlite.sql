WITH wanted AS MATERIALIZED
  (SELECT given_keys.ord AS ord,
          from_block.id AS from_,
          to_block.id AS to_,
          from_block.digest AS from_digest,
          to_block.digest AS to_digest,
          given_keys.content AS content
   FROM
     (SELECT value ->> 'ord' AS ord,
             value ->> 'from_digest' AS from_digest,
             value ->> 'to_digest' AS to_digest,
             value ->> 'content' AS content
      FROM json_each(:keys)) AS given_keys
   JOIN blocks AS from_block ON from_block.digest = given_keys.from_digest
   JOIN blocks AS to_block ON to_block.digest = given_keys.to_digest)
SELECT wanted.ord,
       relations.id,
       relations.created_at AS created_at,
       relations.updated_at AS updated_at,
       wanted.from_digest,
       wanted.to_digest,
       relations.content,
       relations.is_given
FROM wanted
JOIN relations ON relations.id =
  (SELECT same.id
   FROM relations AS same
   WHERE same.from_ = wanted.from_
     AND same.to_ = wanted.to_
     AND same.content = wanted.content)
