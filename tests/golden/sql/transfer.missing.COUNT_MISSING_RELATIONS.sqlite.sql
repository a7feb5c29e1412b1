WITH wanted AS MATERIALIZED
  (SELECT coalesce(given_relations.from_id, from_block.id) AS from_,
          coalesce(given_relations.to_id, to_block.id) AS to_,
          given_relations.content AS content
   FROM
     (SELECT value ->> 'from_id' AS from_id,
             value ->> 'from_digest' AS from_digest,
             value ->> 'to_id' AS to_id,
             value ->> 'to_digest' AS to_digest,
             value ->> 'content' AS content
      FROM json_each(:relations)) AS given_relations
   LEFT OUTER JOIN blocks AS from_block ON from_block.digest = given_relations.from_digest
   LEFT OUTER JOIN blocks AS to_block ON to_block.digest = given_relations.to_digest)
SELECT count(*) - count(
                          (SELECT relations.id
                           FROM relations
                           WHERE relations.from_ = wanted.from_
                             AND relations.to_ = wanted.to_
                             AND relations.content = wanted.content)) AS anon_1
FROM wanted
