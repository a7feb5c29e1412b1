DELETE
FROM relations
WHERE relations.id IN
    (SELECT relations.id
     FROM
       (SELECT *
        FROM json_to_recordset(CAST(:obsolete::VARCHAR AS json)) AS given(from_id bigint, from_digest text, to_id bigint, to_digest text, to_key text, content text)) AS given_obsolete
     LEFT OUTER JOIN blocks AS from_block ON from_block.digest = given_obsolete.from_digest
     LEFT OUTER JOIN blocks AS to_block ON to_block.digest = given_obsolete.to_digest
     LEFT OUTER JOIN source_items AS to_item ON to_item.key = given_obsolete.to_key
     AND to_item.source_id = :source::BIGINT
     JOIN relations ON relations.from_ = coalesce(given_obsolete.from_id, from_block.id)
     AND relations.to_ = coalesce(given_obsolete.to_id, to_block.id, to_item.block_id)
     AND relations.content = given_obsolete.content)
