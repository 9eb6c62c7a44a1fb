-- ?1 kind, ?2 position, ?3 previous
INSERT OR REPLACE INTO kind_positions (kind, position, previous) VALUES (?1, ?2, ?3)
