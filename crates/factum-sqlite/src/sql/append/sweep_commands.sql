-- ?1 now, ?2 most rows
DELETE FROM commands
WHERE number IN (SELECT number FROM commands WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)
