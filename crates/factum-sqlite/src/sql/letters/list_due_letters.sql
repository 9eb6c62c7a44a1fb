-- ?1 to ?3 after scope, name, position (exclusive), ?4 and ?5 through scope, name (inclusive),
-- ?6 key or NULL, ?7 most rows
SELECT scope, name, position, key, status, id, tenant, stream, event_type, cause, attempts, first_at,
       last_at, due, checksum
FROM letters
WHERE due = 1 AND (scope, name, position) > (?1, ?2, ?3) AND (scope, name) <= (?4, ?5)
  AND (?6 IS NULL OR key = ?6)
ORDER BY scope, name, position LIMIT ?7
