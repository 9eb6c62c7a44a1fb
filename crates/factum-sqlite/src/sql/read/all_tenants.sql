SELECT id, name, checksum FROM tenants ORDER BY id
