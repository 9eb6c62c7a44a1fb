-- ?1 scope, ?2 name, of one that may be forgotten
SELECT epoch FROM subscriptions WHERE scope = ?1 AND name = ?2
