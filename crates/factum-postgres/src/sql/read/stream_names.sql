-- $1 ids
SELECT s.id, t.name, s.name FROM {schema}.streams s JOIN {schema}.tenants t ON t.id = s.tenant WHERE s.id = ANY ($1)
