UPDATE jobs
SET state=:state,
    attempts=(jobs.attempts - :attempts_1),
    claimable_at=:now,
    lease=NULL,
    slot=NULL
WHERE jobs.lease IN
    (SELECT given_leases.lease
     FROM
       (SELECT value ->> 'lease' AS lease
        FROM json_each(:leases)) AS given_leases)
  AND jobs.state = :state_1
