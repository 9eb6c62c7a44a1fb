-- ?1 tenant, ?2 name
SELECT id, first_revision, tombstoned, last_revision, last_position, checksum
FROM streams WHERE tenant = ?1 AND name = ?2
