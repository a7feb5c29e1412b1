WITH kinds AS
  (SELECT DISTINCT given_places.kind AS kind
   FROM
     (SELECT *
      FROM json_to_recordset(CAST(:places::VARCHAR AS json)) AS given(kind text, slot bigint)) AS given_places),
     free AS
  (SELECT given_places.kind AS kind,
          min(given_places.slot) AS slot
   FROM
     (SELECT *
      FROM json_to_recordset(CAST(:places::VARCHAR AS json)) AS given(kind text, slot bigint)) AS given_places
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
        AND candidate.state = :state_1::VARCHAR
        AND candidate.claimable_at <= CAST(:settled::VARCHAR AS TIMESTAMP WITH TIME ZONE)
        AND candidate.claimable_at IS NOT NULL
        AND NOT (EXISTS
                   (SELECT 1
                    FROM clock
                    WHERE clock.known_until < CAST(:now::VARCHAR AS TIMESTAMP WITH TIME ZONE)))
      ORDER BY candidate.claimable_at,
               candidate.id
      LIMIT :param_1::INTEGER
      FOR UPDATE OF candidate SKIP LOCKED) AS job,
          NULL AS place
   FROM kinds
   UNION ALL SELECT
     (SELECT candidate.id
      FROM jobs AS candidate
      WHERE candidate.kind = free.kind
        AND candidate.state = :state_2::VARCHAR
        AND candidate.claimable_at <= CAST(:now::VARCHAR AS TIMESTAMP WITH TIME ZONE)
        AND candidate.claimable_at IS NOT NULL
        AND (candidate.lane IS NULL
             OR NOT (EXISTS
                       (SELECT *
                        FROM jobs AS other
                        WHERE other.lane = candidate.lane
                          AND other.claimable_at IS NOT NULL
                          AND (other.state = :state_3::VARCHAR
                               OR other.id < candidate.id
                               AND other.claimable_at <= CAST(:now::VARCHAR AS TIMESTAMP WITH TIME ZONE)))))
      ORDER BY candidate.claimable_at,
               candidate.id
      LIMIT :param_2::INTEGER
      FOR UPDATE OF candidate SKIP LOCKED) AS job,
                    free.slot AS slot
   FROM free),
                                next_job AS MATERIALIZED
  (SELECT firsts.job AS job,
          firsts.place AS place
   FROM firsts
   JOIN jobs ON jobs.id = firsts.job
   ORDER BY jobs.claimable_at,
            jobs.id
   LIMIT :param_3::INTEGER)
UPDATE jobs
SET state=:state::VARCHAR,
    attempts=(jobs.attempts + :attempts_1::INTEGER),
    claimable_at=CAST(:until::VARCHAR AS TIMESTAMP WITH TIME ZONE),
    lease=:lease::VARCHAR,
    slot=coalesce(next_job.place, jobs.slot),
    started_at=CAST(:now::VARCHAR AS TIMESTAMP WITH TIME ZONE)
FROM next_job
WHERE jobs.id = next_job.job RETURNING jobs.id AS job_id,
                                       jobs.lease AS token,
                                       jobs.kind,
                                       jobs.payload,
                                       jobs.attempts,
                                       jobs.source_id,
                                       to_char(jobs.run_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS run_at
