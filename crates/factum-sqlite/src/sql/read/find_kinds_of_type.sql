-- ?1 first tenant, ?2 last tenant, ?3 category or NULL, ?4 event_type
SELECT id FROM kinds
WHERE event_type = ?4 AND tenant BETWEEN ?1 AND ?2 AND (?3 IS NULL OR category = ?3)
