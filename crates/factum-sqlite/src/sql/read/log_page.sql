-- ?1 after (exclusive), ?2 through (inclusive), ?3 most rows
SELECT position, stream, revision, kind, recorded_at, checksum, envelope, payload FROM events
WHERE position > ?1 AND position <= ?2 ORDER BY position LIMIT ?3
