-- ?1 tenant or NULL, ?2 after tenant name, ?3 after category, ?4 most rows
-- A category's streams are those named from 'category/' to before 'category0', '/' being next to '0'.
SELECT tenants.name, k.category, k.tenant,
       (SELECT count(*) FROM streams WHERE streams.tenant = k.tenant
        AND streams.name >= k.category || '/' AND streams.name < k.category || '0')
FROM (SELECT DISTINCT tenant, category FROM kinds) AS k JOIN tenants ON tenants.id = k.tenant
WHERE (?1 IS NULL OR k.tenant = ?1) AND (tenants.name, k.category) > (?2, ?3)
ORDER BY tenants.name, k.category LIMIT ?4
