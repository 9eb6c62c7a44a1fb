-- $1 tenants, $2 names, $3 values, $4 streams
INSERT INTO {schema}.claims (tenant, name, value, stream)
SELECT t.id, i.name, i.value, s.id
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) i(tenant, name, value, stream)
JOIN {schema}.tenants t ON t.name = i.tenant JOIN {schema}.streams s ON s.tenant = t.id AND s.name = i.stream
