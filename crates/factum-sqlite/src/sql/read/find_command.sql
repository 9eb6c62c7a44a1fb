-- ?1 tenant, ?2 id
SELECT target, first_position, last_position, outcome, expires_at, checksum, digest FROM commands
WHERE tenant = ?1 AND id = ?2
