-- ?1 term, ?2 the last position
INSERT INTO term_positions (term, position, previous) VALUES (?1, 0, ?2)
ON CONFLICT (term, position) DO UPDATE SET previous = excluded.previous
