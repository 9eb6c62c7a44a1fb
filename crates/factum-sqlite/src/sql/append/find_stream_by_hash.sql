-- ?1 hash
SELECT id FROM streams INDEXED BY streams_by_hash WHERE hash = ?1
