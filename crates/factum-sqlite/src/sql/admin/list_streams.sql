-- ?1 tenant, ?2 after name (exclusive), ?3 before name (exclusive), ?4 most rows
SELECT name, first_revision, tombstoned,
       (SELECT max(revision) FROM events WHERE stream = streams.id),
       (SELECT position FROM events WHERE stream = streams.id ORDER BY revision DESC LIMIT 1)
FROM streams WHERE tenant = ?1 AND name > ?2 AND name < ?3
ORDER BY name LIMIT ?4
