-- ?1 name
SELECT id FROM tenants WHERE name = ?1
