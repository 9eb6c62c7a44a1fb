-- ?1 scope, ?2 name, ?3 key, ?4 after position (exclusive), ?5 whether those that wait as well,
-- ?6 most rows
SELECT scope, name, position, key, status, id, tenant, stream, event_type, cause, attempts, first_at,
       last_at, due, checksum
FROM letters INDEXED BY letters_by_key
WHERE scope = ?1 AND name = ?2 AND key = ?3 AND position > ?4 AND (?5 OR status <> 1)
ORDER BY position LIMIT ?6
