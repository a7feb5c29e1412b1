SELECT jobs.kind
FROM jobs
WHERE jobs.state = :state_1
  AND jobs.claimable_at IS NOT NULL
  AND jobs.claimable_at <= :before
  AND (NOT (EXISTS
              (SELECT *
               FROM
                 (SELECT value ->> 'kind' AS kind
                  FROM json_each(:known)) AS given_known
               WHERE jobs.kind = given_known.kind))
       OR jobs.error LIKE :param_1)
ORDER BY jobs.claimable_at,
         jobs.id
LIMIT :limit
OFFSET :param_2
