-- ?1 first tenant, ?2 last tenant, ?3 hash
SELECT id FROM terms INDEXED BY terms_by_hash WHERE hash = ?3 AND tenant BETWEEN ?1 AND ?2
