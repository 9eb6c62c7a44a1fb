SELECT t.name, c.name, c.value, s.name FROM {schema}.claims c
LEFT JOIN {schema}.tenants t ON t.id = c.tenant LEFT JOIN {schema}.streams s ON s.id = c.stream
