SELECT found.id,
       found.created_at,
       found.updated_at,
       found.from_,
       found.to_,
       found.content
FROM
  (SELECT by_to_.id AS id,
          by_to_.created_at AS created_at,
          by_to_.updated_at AS updated_at,
          by_to_.from_ AS from_,
          by_to_.to_ AS to_,
          by_to_.content AS content
   FROM
     (SELECT relations.id AS id,
             relations.created_at AS created_at,
             relations.updated_at AS updated_at,
             relations.from_ AS from_,
             relations.to_ AS to_,
             relations.content AS content
      FROM relations
      WHERE relations.to_ = :block
        AND relations.id > :after
        AND relations.content = :content
      ORDER BY relations.id
      LIMIT :limit
      OFFSET :param_1) AS by_to_) AS found
ORDER BY found.id
LIMIT :limit
OFFSET :param_2
