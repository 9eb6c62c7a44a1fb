-- $1 tenant or NULL, $2 and $3 after tenant, stream (exclusive), $4 category or NULL, $5 most rows.
-- A category's streams are named from 'category/' to before 'category0': '0' follows '/'.
SELECT t.name, s.name, s.first_revision, s.tombstoned, l.revision, l.position
FROM {schema}.tenants t JOIN {schema}.streams s ON s.tenant = t.id
CROSS JOIN LATERAL (
    SELECT revision, position FROM {schema}.events WHERE stream = s.id ORDER BY revision DESC LIMIT 1) l
WHERE ($1::text IS NULL OR t.name = $1) AND (t.name, s.name) > ($2, $3)
  AND ($4::text IS NULL OR (s.name >= $4 || '/' AND s.name < $4 || '0'))
ORDER BY t.name, s.name LIMIT $5
