-- $1 tenant or NULL, $2 and $3 after tenant, category (exclusive), $4 most rows
SELECT t.name, k.category, (
    SELECT count(*) FROM {schema}.streams s WHERE s.tenant = k.tenant
      AND s.name >= k.category || '/' AND s.name < k.category || '0')
FROM (SELECT DISTINCT tenant, category FROM {schema}.kinds) k JOIN {schema}.tenants t ON t.id = k.tenant
WHERE ($1::text IS NULL OR t.name = $1) AND (t.name, k.category) > ($2, $3)
ORDER BY t.name, k.category LIMIT $4
