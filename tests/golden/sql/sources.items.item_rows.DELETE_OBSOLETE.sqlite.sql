DELETE
FROM relations
WHERE relations.id IN
    (SELECT relations.id
     FROM
       (SELECT value ->> 'from_id' AS from_id,
               value ->> 'from_digest' AS from_digest,
               value ->> 'to_id' AS to_id,
               value ->> 'to_digest' AS to_digest,
               value ->> 'to_key' AS to_key,
               value ->> 'content' AS content
        FROM json_each(:obsolete)) AS given_obsolete
     LEFT OUTER JOIN blocks AS from_block ON from_block.digest = given_obsolete.from_digest
     LEFT OUTER JOIN blocks AS to_block ON to_block.digest = given_obsolete.to_digest
     LEFT OUTER JOIN source_items AS to_item ON to_item."key" = given_obsolete.to_key
     AND to_item.source_id = :source
     JOIN relations ON relations.from_ = coalesce(given_obsolete.from_id, from_block.id)
     AND relations.to_ = coalesce(given_obsolete.to_id, to_block.id, to_item.block_id)
     AND relations.content = given_obsolete.content)
