WITH kinds AS
  (SELECT DISTINCT given_places.kind AS kind
   FROM
     (SELECT value ->> 'kind' AS kind,
             value ->> 'slot' AS slot
      FROM json_each(:places)) AS given_places),
     free AS
  (SELECT given_places.kind AS kind,
          min(given_places.slot) AS slot
   FROM
     (SELECT value ->> 'kind' AS kind,
             value ->> 'slot' AS slot
      FROM json_each(:places)) AS given_places
   WHERE given_places.slot IS NULL
     OR NOT (EXISTS
               (SELECT *
                FROM jobs AS other
                WHERE other.kind = given_places.kind
                  AND other.slot = given_places.slot))
   GROUP BY given_places.kind), firsts AS
  (SELECT
     (SELECT candidate.id
      FROM jobs AS candidate
      WHERE candidate.kind = kinds.kind
        AND candidate.state = :state_1
        AND candidate.claimable_at <= :settled
        AND candidate.claimable_at IS NOT NULL
        AND NOT (EXISTS
                   (SELECT 1
                    FROM clock
                    WHERE clock.known_until < :now))
      ORDER BY candidate.claimable_at,
               candidate.id
      LIMIT :param_1
      OFFSET :param_2) AS job,
          NULL AS place
   FROM kinds
   UNION ALL SELECT
     (SELECT candidate.id
      FROM jobs AS candidate
      WHERE candidate.kind = free.kind
        AND candidate.state = :state_2
        AND candidate.claimable_at <= :now
        AND candidate.claimable_at IS NOT NULL
        AND (candidate.lane IS NULL
             OR NOT (EXISTS
                       (SELECT *
                        FROM jobs AS other
                        WHERE other.lane = candidate.lane
                          AND other.claimable_at IS NOT NULL
                          AND (other.state = :state_3
                               OR other.id < candidate.id
                               AND other.claimable_at <= :now))))
      ORDER BY candidate.claimable_at,
               candidate.id
      LIMIT :param_3
      OFFSET :param_4) AS job,
                    free.slot AS slot
   FROM free),
                                next_job AS MATERIALIZED
  (SELECT firsts.job AS job,
          firsts.place AS place
   FROM firsts
   JOIN jobs ON jobs.id = firsts.job
   ORDER BY jobs.claimable_at,
            jobs.id
   LIMIT :param_5
   OFFSET :param_6)
UPDATE jobs
SET state=:state,
    attempts=(jobs.attempts + :attempts_1),
    claimable_at=:until,
    lease=:lease,
    slot=coalesce(next_job.place, jobs.slot),
    started_at=:now
FROM next_job
WHERE jobs.id = next_job.job RETURNING id AS job_id,
                                       lease AS token,
                                       kind,
                                       payload,
                                       attempts,
                                       source_id,
                                       run_at AS run_at
