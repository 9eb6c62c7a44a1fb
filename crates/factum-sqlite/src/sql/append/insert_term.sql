-- ?1 id, ?2 tenant, ?3 form, ?4 name, ?5 hash, ?6 checksum
INSERT INTO terms (id, tenant, form, name, hash, checksum) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
