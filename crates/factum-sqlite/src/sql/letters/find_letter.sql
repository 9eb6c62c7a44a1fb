-- ?1 scope, ?2 name, ?3 position
SELECT key, status FROM letters WHERE scope = ?1 AND name = ?2 AND position = ?3
