-- ?1 first tenant, ?2 last tenant, ?3 category or NULL
SELECT id FROM kinds WHERE tenant BETWEEN ?1 AND ?2 AND (?3 IS NULL OR category = ?3)
