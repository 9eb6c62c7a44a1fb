-- ?1 id, ?2 tenant, ?3 category, ?4 event_type, ?5 checksum
INSERT INTO kinds (id, tenant, category, event_type, checksum) VALUES (?1, ?2, ?3, ?4, ?5)
