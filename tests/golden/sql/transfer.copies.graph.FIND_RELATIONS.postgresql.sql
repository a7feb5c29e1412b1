WITH wanted AS MATERIALIZED
  (SELECT given_keys.ord AS ord,
          from_block.id AS from_,
          to_block.id AS to_,
          from_block.digest AS from_digest,
          to_block.digest AS to_digest,
          given_keys.content AS content
   FROM
     (SELECT *
      FROM json_to_recordset(CAST(:keys::VARCHAR AS json)) AS given(ord bigint, from_digest text, to_digest text, content text)) AS given_keys
   JOIN blocks AS from_block ON from_block.digest = given_keys.from_digest
   JOIN blocks AS to_block ON to_block.digest = given_keys.to_digest)
SELECT wanted.ord,
       relations.id,
       to_char(relations.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS created_at,
       to_char(relations.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS updated_at,
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
