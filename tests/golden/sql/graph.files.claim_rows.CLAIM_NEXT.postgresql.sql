INSERT INTO claims (
                    storage, epoch, token)
SELECT :storage::VARCHAR AS anon_1,
       coalesce(
                  (SELECT max(claims.epoch) + :max_1::BIGINT AS anon_2
                   FROM claims
                   WHERE claims.storage = :storage::VARCHAR
                     AND claims.epoch >= :epoch::BIGINT), :epoch::BIGINT + :param_1::BIGINT) AS coalesce_1,
       md5(CAST(random() AS text) || CAST(clock_timestamp() AS text)) AS anon_3 RETURNING claims.storage,
                                                                                          claims.epoch,
                                                                                          claims.token
