-- ?1 tenant or NULL, ?2 category or NULL, ?3 event_type
SELECT id FROM kinds
WHERE event_type = ?3 AND (?1 IS NULL OR tenant = ?1) AND (?2 IS NULL OR category = ?2)
