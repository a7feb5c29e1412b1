UPDATE blocks
SET updated_at=CAST(:now::VARCHAR AS TIMESTAMP WITH TIME ZONE),
storage=:new_storage::VARCHAR,
        resolver=:new_resolver::VARCHAR,
        content=:new_content::VARCHAR,
        digest=:new_digest::VARCHAR,
        is_given=:is_given::INTEGER
WHERE blocks.id = :id_::BIGINT
  AND blocks.digest = :old_digest::VARCHAR RETURNING blocks.id,
                                                     to_char(blocks.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS created_at,
                                                     to_char(blocks.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS updated_at,
                                                     blocks.storage,
                                                     blocks.resolver,
                                                     blocks.content
