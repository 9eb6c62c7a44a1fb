-- $1 and $2 after tenant, id (exclusive), $3 most rows
SELECT t.name, c.id, c.target, c.expires_at, c.outcome, c.checksum, c.digest
FROM {schema}.tenants t JOIN {schema}.commands c ON c.tenant = t.id
WHERE (t.name, c.id) > ($1, $2) ORDER BY t.name, c.id LIMIT $3
