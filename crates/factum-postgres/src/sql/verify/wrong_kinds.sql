-- Events whose kind is not of their stream's tenant and category. $1 most rows
SELECT e.position, k.category FROM {schema}.events e
JOIN {schema}.streams s ON s.id = e.stream JOIN {schema}.kinds k ON k.id = e.kind
WHERE k.tenant <> s.tenant OR k.category <> split_part(s.name, '/', 1) ORDER BY e.position LIMIT $1
