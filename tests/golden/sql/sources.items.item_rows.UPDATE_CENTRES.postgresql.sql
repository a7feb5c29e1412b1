UPDATE blocks
SET updated_at=CAST(:now::VARCHAR AS TIMESTAMP WITH TIME ZONE),
storage=given_centres.storage,
        resolver=given_centres.resolver,
        content=CASE
                    WHEN (blocks.digest = given_centres.old_digest
                          AND blocks.is_given = :is_given_1::INTEGER
                          AND NOT ((EXISTS
                                      (SELECT *
                                       FROM source_items AS other_item
                                       WHERE other_item.block_id = blocks.id
                                         AND other_item.id != given_centres.item_id
                                         AND other_item.digest != :digest_1::VARCHAR))
                                   OR (EXISTS
                                         (SELECT *
                                          FROM relations AS star_relation,
                                               sayings AS other_saying
                                          WHERE star_relation.from_ = blocks.id
                                            AND other_saying.relation_id = star_relation.id
                                            AND other_saying.item_id != given_centres.item_id
                                            AND other_saying.is_link = :is_link_1::INTEGER))
                                   OR (EXISTS
                                         (SELECT *
                                          FROM relations AS star_relation,
                                               sayings AS other_saying
                                          WHERE star_relation.to_ = blocks.id
                                            AND other_saying.relation_id = star_relation.id
                                            AND other_saying.item_id != given_centres.item_id
                                            AND other_saying.is_link = :is_link_2::INTEGER)))) THEN given_centres.content
                    ELSE NULL
                END,
                digest=given_centres.digest
FROM
  (SELECT *
   FROM json_to_recordset(CAST(:centres::VARCHAR AS json)) AS given(id bigint, item_id bigint, old_digest text,
                                                                    storage text, resolver text, content text, digest text)) AS given_centres
WHERE blocks.id = given_centres.id
