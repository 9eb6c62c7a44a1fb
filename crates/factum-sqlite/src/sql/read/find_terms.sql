-- ?1 first tenant, ?2 last tenant, ?3 form, ?4 name
SELECT id FROM terms WHERE name = ?4 AND form = ?3 AND tenant BETWEEN ?1 AND ?2
