-- ?1 term
SELECT previous FROM term_positions WHERE term = ?1 AND position = 0
