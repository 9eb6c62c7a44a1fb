-- ?1 scope, ?2 name, ?3 position
UPDATE letters SET due = 1 WHERE scope = ?1 AND name = ?2 AND position = ?3
