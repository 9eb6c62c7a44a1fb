-- ?1 stream, ?2 first_revision, ?3 checksum
UPDATE streams SET first_revision = ?2, checksum = ?3 WHERE id = ?1
