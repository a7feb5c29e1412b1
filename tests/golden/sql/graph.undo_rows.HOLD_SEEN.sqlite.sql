SELECT blocks.id
FROM blocks
WHERE blocks.id IN
    (SELECT given_seen.id
     FROM
       (SELECT value ->> 'id' AS id,
               value ->> 'digest' AS digest,
               value ->> 'updated_at' AS updated_at,
               value ->> 'is_given' AS is_given
        FROM json_each(:seen)) AS given_seen)
ORDER BY blocks.id
