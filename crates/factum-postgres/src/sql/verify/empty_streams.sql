-- Streams without events, and names of tenants that are not there. $1 most rows
SELECT s.name FROM {schema}.streams s LEFT JOIN {schema}.tenants t ON t.id = s.tenant
WHERE t.id IS NULL OR NOT EXISTS (SELECT 1 FROM {schema}.events e WHERE e.stream = s.id)
ORDER BY s.id LIMIT $1
