-- as find_streams, by the second index
SELECT id FROM streams INDEXED BY streams_by_name
WHERE tenant = ?1 AND name >= ?2 AND name < ?3
ORDER BY name LIMIT ?4
