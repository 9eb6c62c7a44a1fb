-- ?1 kind, ?2 position
INSERT INTO kind_positions (kind, position) VALUES (?1, ?2)
