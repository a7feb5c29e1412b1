SELECT found.id,
       found.created_at,
       found.updated_at,
       found.from_,
       found.to_,
       found.content
FROM
  (SELECT by_from_.id AS id,
          by_from_.created_at AS created_at,
          by_from_.updated_at AS updated_at,
          by_from_.from_ AS from_,
          by_from_.to_ AS to_,
          by_from_.content AS content
   FROM
     (SELECT relations.id AS id,
             to_char(relations.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS created_at,
             to_char(relations.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS updated_at,
             relations.from_ AS from_,
             relations.to_ AS to_,
             relations.content AS content
      FROM relations
      WHERE relations.from_ = :block::BIGINT
        AND relations.id > :after::BIGINT
        AND relations.content = :content::VARCHAR
      ORDER BY relations.id
      LIMIT :limit::INTEGER) AS by_from_) AS found
ORDER BY found.id
LIMIT :limit::INTEGER
