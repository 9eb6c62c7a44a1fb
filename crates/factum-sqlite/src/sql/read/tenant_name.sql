-- ?1 id
SELECT name, checksum FROM tenants WHERE id = ?1
