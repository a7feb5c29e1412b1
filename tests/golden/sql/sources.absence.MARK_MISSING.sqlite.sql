UPDATE source_items
SET missing_since=:now
WHERE (source_items.source_id,
       source_items."key") IN
    (SELECT given_keys.source,
            given_keys."key"
     FROM
       (SELECT value ->> 'source' AS source,
               value ->> 'key' AS key
        FROM json_each(:keys)) AS given_keys)
  AND source_items.missing_since IS NULL
