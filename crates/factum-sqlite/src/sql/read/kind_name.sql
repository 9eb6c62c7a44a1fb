-- ?1 id
SELECT tenant, category, event_type, checksum FROM kinds WHERE id = ?1
