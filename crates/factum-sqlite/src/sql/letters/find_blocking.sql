-- ?1 scope, ?2 name, ?3 key
SELECT status, position FROM letters
WHERE scope = ?1 AND name = ?2 AND key = ?3 AND status < 2
ORDER BY status, position LIMIT 1
