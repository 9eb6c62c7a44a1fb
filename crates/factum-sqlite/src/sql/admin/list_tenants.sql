-- ?1 tenant or NULL, ?2 from name (inclusive)
SELECT id, name FROM tenants WHERE (?1 IS NULL OR id = ?1) AND name >= ?2 ORDER BY name
