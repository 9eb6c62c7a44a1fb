-- ?1 id, ?2 tenant, ?3 name, ?4 first_revision, ?5 tombstoned, ?6 last_revision, ?7 last_position,
-- ?8 hash, ?9 checksum
INSERT INTO streams
    (id, tenant, name, first_revision, tombstoned, last_revision, last_position, hash, checksum)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
