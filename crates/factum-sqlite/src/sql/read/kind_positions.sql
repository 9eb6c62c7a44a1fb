-- ?1 kind, ?2 from (inclusive), ?3 most rows
SELECT position, previous FROM kind_positions WHERE kind = ?1 AND position >= ?2 ORDER BY position LIMIT ?3
