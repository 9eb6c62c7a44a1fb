-- ?1 kind, ?2 the last position
INSERT INTO kind_positions (kind, position, previous) VALUES (?1, 0, ?2)
ON CONFLICT (kind, position) DO UPDATE SET previous = excluded.previous
