INSERT INTO claims (
                    storage, epoch, token)
SELECT :storage AS anon_1,
       coalesce(
                  (SELECT max(claims.epoch) + :max_1 AS anon_2
                   FROM claims
                   WHERE claims.storage = :storage
                     AND claims.epoch >= :epoch), :epoch + :param_1) AS coalesce_1,
       lower(hex(randomblob(16))) AS anon_3 RETURNING
storage,
                                                      epoch,
                                                      token
