-- ?1 id
SELECT tenant, name, first_revision, tombstoned, last_revision, last_position, checksum
FROM streams WHERE id = ?1
