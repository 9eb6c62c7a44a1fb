-- ?1 id, ?2 tenant, ?3 name, ?4 checksum
INSERT INTO streams (id, tenant, name, checksum) VALUES (?1, ?2, ?3, ?4)
