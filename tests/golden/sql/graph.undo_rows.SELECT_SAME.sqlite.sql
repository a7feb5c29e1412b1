SELECT alike.id,
       alike.from_,
       alike.to_,
       alike.content,
       alike.is_given
FROM
  (SELECT value ->> 'from_' AS from_,
          value ->> 'to_' AS to_,
          value ->> 'content' AS content
   FROM json_each(:same)) AS given_same
JOIN relations AS alike ON alike.id =
  (SELECT relations.id
   FROM relations
   WHERE relations.from_ = given_same.from_
     AND relations.to_ = given_same.to_
     AND relations.content = given_same.content)
