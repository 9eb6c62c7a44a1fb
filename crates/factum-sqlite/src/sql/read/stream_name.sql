-- ?1 id
SELECT tenant, name, first_revision, tombstoned, checksum FROM streams WHERE id = ?1
