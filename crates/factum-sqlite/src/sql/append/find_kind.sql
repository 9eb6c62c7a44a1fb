-- ?1 tenant, ?2 category, ?3 event_type
SELECT id FROM kinds WHERE tenant = ?1 AND category = ?2 AND event_type = ?3
