UPDATE jobs
SET state=:state,
    attempts=:attempts,
    run_at=:now,
    claimable_at=:now,
    lease=NULL,
    slot=NULL,
    started_at=NULL,
    finished_at=NULL,
    error=NULL,
    result=NULL
WHERE jobs.id = :id
  AND (jobs.state = :state_1
       OR jobs.state = :state_2) RETURNING id,
                                           kind,
                                           state,
                                           payload,
                                           attempts,
                                           source_id,
                                           error,
                                           result,
                                           created_at AS created_at,
                                           CASE
                                               WHEN (state = 'pending') THEN claimable_at
                                               ELSE run_at
                                           END AS run_at,
                                           started_at AS started_at,
                                           finished_at AS finished_at,
                                           CASE
                                               WHEN (state = 'running') THEN claimable_at
                                           END AS leased_until
