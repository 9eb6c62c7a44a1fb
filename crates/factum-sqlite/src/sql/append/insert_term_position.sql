-- ?1 term, ?2 position, ?3 previous
INSERT INTO term_positions (term, position, previous) VALUES (?1, ?2, ?3)
