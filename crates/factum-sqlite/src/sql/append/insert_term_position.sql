-- ?1 term, ?2 position
INSERT INTO term_positions (term, position) VALUES (?1, ?2)
