-- ?1 stream
DELETE FROM claims WHERE stream = ?1
