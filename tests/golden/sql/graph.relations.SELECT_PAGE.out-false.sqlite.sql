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
             relations.created_at AS created_at,
             relations.updated_at AS updated_at,
             relations.from_ AS from_,
             relations.to_ AS to_,
             relations.content AS content
      FROM relations
      WHERE relations.from_ = :block
        AND relations.id > :after
      ORDER BY relations.id
      LIMIT :limit
      OFFSET :param_1) AS by_from_) AS found
ORDER BY found.id
LIMIT :limit
OFFSET :param_2
