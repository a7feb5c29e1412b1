UPDATE jobs
SET state=:state,
    claimable_at=NULL,
    lease=NULL,
    slot=NULL,
    finished_at=:now
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
