-- $1 tenant, or NULL for all: the head, whether there is more than one tenant, the tenant's id
SELECT coalesce((SELECT max(position) FROM {schema}.events), 0),
       (SELECT count(*) FROM (SELECT 1 FROM {schema}.tenants LIMIT 2) few) > 1,
       (SELECT id FROM {schema}.tenants WHERE name = $1)
