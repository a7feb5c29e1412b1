SELECT found.id,
       found.created_at,
       found.updated_at,
       found.from_,
       found.to_,
       found.content
FROM
  (SELECT relations.id AS id,
          relations.created_at AS created_at,
          relations.updated_at AS updated_at,
          relations.from_ AS from_,
          relations.to_ AS to_,
          relations.content AS content
   FROM relations
   WHERE relations.to_ IN
       (SELECT given_frontier.id
        FROM
          (SELECT value ->> 'id' AS id
           FROM json_each(:frontier)) AS given_frontier)) AS found
ORDER BY found.id
LIMIT :limit
OFFSET :param_1
