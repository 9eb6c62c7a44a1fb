-- ?1 kind, ?2 from (inclusive), ?3 through (inclusive), ?4 most rows
SELECT position FROM kind_positions
WHERE kind = ?1 AND position >= ?2 AND position <= ?3 ORDER BY position LIMIT ?4
