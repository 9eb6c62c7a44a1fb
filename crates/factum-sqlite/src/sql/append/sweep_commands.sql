-- ?1 now, ?2 most rows
DELETE FROM commands
WHERE (tenant, id) IN
    (SELECT tenant, id FROM commands WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)
