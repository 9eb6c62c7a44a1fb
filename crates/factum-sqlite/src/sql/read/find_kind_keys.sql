-- ?1 first tenant, ?2 last tenant, ?3 hash
SELECT kind FROM kind_keys WHERE hash = ?3 AND tenant BETWEEN ?1 AND ?2
