-- ?1 term, ?2 position, ?3 previous
INSERT OR REPLACE INTO term_positions (term, position, previous) VALUES (?1, ?2, ?3)
