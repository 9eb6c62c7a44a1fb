-- ?1 scope, ?2 name
DELETE FROM letters WHERE scope = ?1 AND name = ?2
