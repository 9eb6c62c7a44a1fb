-- ?1 scope, ?2 name, of one that may be forgotten
SELECT epoch, checksum, forgotten FROM subscriptions WHERE scope = ?1 AND name = ?2
