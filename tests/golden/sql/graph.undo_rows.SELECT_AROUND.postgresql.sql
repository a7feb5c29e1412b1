SELECT relations.id,
       relations.from_,
       relations.to_,
       relations.content,
       relations.is_given
FROM
  (SELECT *
   FROM json_to_recordset(CAST(:wanted::VARCHAR AS json)) AS given(id bigint)) AS given_wanted
JOIN relations ON relations.from_ = given_wanted.id
UNION
SELECT relations.id,
       relations.from_,
       relations.to_,
       relations.content,
       relations.is_given
FROM
  (SELECT *
   FROM json_to_recordset(CAST(:wanted::VARCHAR AS json)) AS given(id bigint)) AS given_wanted
JOIN relations ON relations.to_ = given_wanted.id
