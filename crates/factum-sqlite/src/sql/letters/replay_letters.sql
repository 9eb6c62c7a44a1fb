-- ?1 scope, ?2 name, ?3 key or NULL, ?4 and ?5 first and last position
UPDATE letters SET due = 1
WHERE scope = ?1 AND name = ?2 AND position BETWEEN ?4 AND ?5 AND status <> 1
  AND (?3 IS NULL OR key = ?3)
