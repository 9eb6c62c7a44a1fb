-- ?1 kind, ?2 through (inclusive), ?3 most rows; newest first, at last the entry that closes the ring
SELECT position, previous FROM kind_positions
WHERE kind = ?1 AND position <= ?2 ORDER BY position DESC LIMIT ?3
