-- ?1 tenant or NULL, ?2 category or NULL
SELECT id FROM kinds
WHERE (?1 IS NULL OR tenant = ?1) AND (?2 IS NULL OR category = ?2)
