-- ?1 scope, ?2 name
DELETE FROM subscriptions WHERE scope = ?1 AND name = ?2
