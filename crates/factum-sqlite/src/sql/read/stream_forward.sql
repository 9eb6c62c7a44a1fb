-- ?1 stream, ?2 from revision, ?3 to revision, ?4 most rows
SELECT position, stream, revision, kind, recorded_at, checksum, envelope, payload FROM events
WHERE stream = ?1 AND revision >= ?2 AND revision <= ?3 ORDER BY revision LIMIT ?4
