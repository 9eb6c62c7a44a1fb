-- ?1 stream, ?2 revision
SELECT position FROM events WHERE stream = ?1 AND revision = ?2
