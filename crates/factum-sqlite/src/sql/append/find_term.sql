-- ?1 tenant, ?2 form, ?3 name
SELECT id FROM terms WHERE name = ?3 AND form = ?2 AND tenant = ?1
