-- ?1 id, ?2 first_revision, ?3 tombstoned, ?4 last_revision, ?5 last_position, ?6 checksum
UPDATE streams SET first_revision = ?2, tombstoned = ?3, last_revision = ?4, last_position = ?5,
    checksum = ?6
WHERE id = ?1
