-- $1 tenant, $2 id: the row, and whether one tenant has it
SELECT c.target, c.first_position, c.last_position, c.outcome, c.expires_at, c.checksum,
       c.digest
FROM {schema}.tenants t JOIN {schema}.commands c ON c.tenant = t.id AND c.id = $2 WHERE t.name = $1
