-- ?1 term, ?2 from (inclusive), ?3 most rows
SELECT position, previous FROM term_positions WHERE term = ?1 AND position >= ?2 ORDER BY position LIMIT ?3
