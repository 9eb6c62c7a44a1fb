-- ?1 position, ?2 checksum
UPDATE head SET position = ?1, checksum = ?2 WHERE id = 1
