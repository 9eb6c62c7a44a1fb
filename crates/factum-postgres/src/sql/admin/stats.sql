-- $1 tenant or NULL
SELECT coalesce((SELECT max(position) FROM {schema}.events), 0),
       (SELECT count(*) FROM {schema}.events e JOIN {schema}.kinds k ON k.id = e.kind
        WHERE $1::text IS NULL OR k.tenant = (SELECT id FROM {schema}.tenants WHERE name = $1)),
       (SELECT count(*) FROM {schema}.streams s JOIN {schema}.tenants t ON t.id = s.tenant
        WHERE $1::text IS NULL OR t.name = $1),
       (SELECT count(DISTINCT event_type) FROM {schema}.kinds k JOIN {schema}.tenants t ON t.id = k.tenant
        WHERE $1::text IS NULL OR t.name = $1),
       (SELECT count(DISTINCT m.name) FROM {schema}.terms m JOIN {schema}.tenants t ON t.id = m.tenant
        WHERE m.form = 0 AND ($1::text IS NULL OR t.name = $1)),
       (SELECT count(*) FROM {schema}.claims c JOIN {schema}.tenants t ON t.id = c.tenant
        WHERE $1::text IS NULL OR t.name = $1),
       (SELECT count(*) FROM {schema}.commands c JOIN {schema}.tenants t ON t.id = c.tenant
        WHERE $1::text IS NULL OR t.name = $1),
       (SELECT count(DISTINCT k.tenant) FROM {schema}.kinds k JOIN {schema}.tenants t ON t.id = k.tenant
        WHERE $1::text IS NULL OR t.name = $1)
