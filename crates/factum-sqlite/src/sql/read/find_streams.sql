-- ?1 tenant, ?2 from name (inclusive), ?3 before name (exclusive), ?4 most rows
SELECT name, id, first_revision, tombstoned, last_revision, last_position, checksum
FROM streams INDEXED BY sqlite_autoindex_streams_1
WHERE tenant = ?1 AND name >= ?2 AND name < ?3
ORDER BY name LIMIT ?4
