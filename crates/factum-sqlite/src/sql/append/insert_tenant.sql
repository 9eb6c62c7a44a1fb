-- ?1 id, ?2 name, ?3 checksum
INSERT INTO tenants (id, name, checksum) VALUES (?1, ?2, ?3)
