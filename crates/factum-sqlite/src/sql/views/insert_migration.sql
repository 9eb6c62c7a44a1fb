-- ?1 scope, ?2 name, ?3 number, ?4 migration, ?5 checksum
INSERT INTO view_migrations (scope, name, number, migration, checksum) VALUES (?1, ?2, ?3, ?4, ?5)
