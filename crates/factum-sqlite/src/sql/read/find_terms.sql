-- ?1 tenant or NULL, ?2 form, ?3 name
SELECT id FROM terms WHERE name = ?3 AND form = ?2 AND (?1 IS NULL OR tenant = ?1)
