SELECT jobs.kind
FROM jobs
WHERE jobs.state = :state_1::VARCHAR
  AND jobs.claimable_at IS NOT NULL
  AND jobs.claimable_at <= CAST(:before::VARCHAR AS TIMESTAMP WITH TIME ZONE)
  AND (NOT (EXISTS
              (SELECT *
               FROM
                 (SELECT *
                  FROM json_to_recordset(CAST(:known::VARCHAR AS json)) AS given(kind text)) AS given_known
               WHERE jobs.kind = given_known.kind))
       OR jobs.error LIKE :param_1::VARCHAR)
ORDER BY jobs.claimable_at,
         jobs.id
LIMIT :limit::INTEGER
