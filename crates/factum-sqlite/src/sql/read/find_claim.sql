-- ?1 tenant, ?2 name, ?3 value
SELECT stream, checksum FROM claims WHERE tenant = ?1 AND name = ?2 AND value = ?3
