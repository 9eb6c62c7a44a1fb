-- ?1 scope, ?2 name
SELECT migration, checksum FROM view_migrations WHERE scope = ?1 AND name = ?2 ORDER BY number
