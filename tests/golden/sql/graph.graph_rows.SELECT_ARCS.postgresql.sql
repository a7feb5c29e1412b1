WITH resolved AS MATERIALIZED
  (SELECT given_relations.ord AS ord,
          coalesce(given_relations.from_id, from_block.id) AS from_,
          coalesce(given_relations.to_id, to_block.id) AS to_,
          given_relations.content AS content
   FROM
     (SELECT *
      FROM json_to_recordset(CAST(:relations::VARCHAR AS json)) AS given(ord bigint, created_at text, updated_at text, from_id bigint, from_digest text, to_id bigint, to_digest text, content text)) AS given_relations
   LEFT OUTER JOIN blocks AS from_block ON from_block.digest = given_relations.from_digest
   LEFT OUTER JOIN blocks AS to_block ON to_block.digest = given_relations.to_digest)
SELECT resolved.ord,
       relations.id,
       to_char(relations.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS created_at,
       to_char(relations.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS updated_at,
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
