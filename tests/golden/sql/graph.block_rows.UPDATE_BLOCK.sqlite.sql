UPDATE blocks
SET updated_at=:now,
storage=:new_storage,
        resolver=:new_resolver,
        content=:new_content,
        digest=:new_digest,
        is_given=:is_given
WHERE blocks.id = :id_
  AND blocks.digest = :old_digest RETURNING id,
                                            created_at AS created_at,
                                            updated_at AS updated_at,
storage,
                                            resolver,
                                            content
