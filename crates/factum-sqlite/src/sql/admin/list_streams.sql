-- ?1 tenant or NULL, ?2 category or NULL, ?3 after tenant name, ?4 after stream name, ?5 most rows
-- CROSS JOIN keeps this order of loops: tenants by name, then their streams by name, no sorting.
SELECT tenants.name, streams.name, streams.first_revision, streams.tombstoned,
       (SELECT max(revision) FROM events WHERE stream = streams.id),
       (SELECT position FROM events WHERE stream = streams.id ORDER BY revision DESC LIMIT 1)
FROM tenants CROSS JOIN streams ON streams.tenant = tenants.id
WHERE (?1 IS NULL OR tenants.id = ?1)
  AND tenants.name >= ?3 AND (tenants.name > ?3 OR streams.name > ?4)
  AND (?2 IS NULL OR (streams.name >= ?2 || '/' AND streams.name < ?2 || '0'))
ORDER BY tenants.name, streams.name LIMIT ?5
