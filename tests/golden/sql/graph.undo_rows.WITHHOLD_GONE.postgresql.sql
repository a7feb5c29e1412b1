UPDATE sayings
SET relation_id=NULL
WHERE sayings.relation_id IN
    (SELECT relations.id
     FROM
       (SELECT *
        FROM json_to_recordset(CAST(:gone::VARCHAR AS json)) AS given(id bigint)) AS given_gone
     JOIN relations ON relations.from_ = given_gone.id
     UNION SELECT relations.id
     FROM
       (SELECT *
        FROM json_to_recordset(CAST(:gone::VARCHAR AS json)) AS given(id bigint)) AS given_gone
     JOIN relations ON relations.to_ = given_gone.id)
