SELECT alike.id,
       alike.from_,
       alike.to_,
       alike.content,
       alike.is_given
FROM
  (SELECT *
   FROM json_to_recordset(CAST(:same::VARCHAR AS json)) AS given(from_ bigint, to_ bigint, content text)) AS given_same
JOIN relations AS alike ON alike.id =
  (SELECT relations.id
   FROM relations
   WHERE relations.from_ = given_same.from_
     AND relations.to_ = given_same.to_
     AND relations.content = given_same.content)
