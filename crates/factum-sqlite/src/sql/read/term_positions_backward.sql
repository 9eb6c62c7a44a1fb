-- ?1 term, ?2 through (inclusive), ?3 most rows; newest first, at last the entry that closes the ring
SELECT position, previous FROM term_positions
WHERE term = ?1 AND position <= ?2 ORDER BY position DESC LIMIT ?3
