-- ?1 name, ?2 scope
INSERT OR REPLACE INTO view_tables (name, scope) VALUES (?1, ?2)
