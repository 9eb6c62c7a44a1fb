-- $1 tenant, $2 stream
SELECT t.name, s.name, s.first_revision, s.tombstoned, l.revision, l.position
FROM {schema}.tenants t JOIN {schema}.streams s ON s.tenant = t.id AND s.name = $2
CROSS JOIN LATERAL (
    SELECT revision, position FROM {schema}.events WHERE stream = s.id ORDER BY revision DESC LIMIT 1) l
WHERE t.name = $1
