SELECT found.id,
       found.created_at,
       found.updated_at,
       found.from_,
       found.to_,
       found.content
FROM
  (SELECT relations.id AS id,
          to_char(relations.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS created_at,
          to_char(relations.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS updated_at,
          relations.from_ AS from_,
          relations.to_ AS to_,
          relations.content AS content
   FROM relations
   WHERE relations.from_ IN
       (SELECT given_frontier.id
        FROM
          (SELECT *
           FROM json_to_recordset(CAST(:frontier::VARCHAR AS json)) AS given(id bigint)) AS given_frontier)
   UNION SELECT relations.id AS id,
                to_char(relations.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS created_at,
                to_char(relations.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS updated_at,
                relations.from_ AS from_,
                relations.to_ AS to_,
                relations.content AS content
   FROM relations
   WHERE relations.to_ IN
       (SELECT given_frontier.id
        FROM
          (SELECT *
           FROM json_to_recordset(CAST(:frontier::VARCHAR AS json)) AS given(id bigint)) AS given_frontier)) AS found
ORDER BY found.id
LIMIT :limit::INTEGER
