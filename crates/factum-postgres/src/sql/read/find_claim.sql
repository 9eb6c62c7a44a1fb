-- $1 tenant, $2 name, $3 value
SELECT s.name FROM {schema}.tenants t
JOIN {schema}.claims c ON c.tenant = t.id AND c.name = $2 AND c.value = $3
JOIN {schema}.streams s ON s.id = c.stream WHERE t.name = $1
