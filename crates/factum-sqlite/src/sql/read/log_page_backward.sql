-- ?1 after (exclusive), ?2 through (inclusive), ?3 most rows; as log_page, newest first
SELECT position, stream, revision, kind, recorded_at, checksum, envelope, payload FROM events
WHERE position > ?1 AND position <= ?2 ORDER BY position DESC LIMIT ?3
