-- ?1 stream, ?2 checksum
UPDATE streams SET tombstoned = 1, checksum = ?2 WHERE id = ?1
