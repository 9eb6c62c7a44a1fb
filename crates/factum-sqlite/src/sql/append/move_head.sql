-- ?1 position, ?2 tenants, ?3 streams, ?4 kinds, ?5 terms, ?6 checksum
UPDATE head SET position = ?1, tenants = ?2, streams = ?3, kinds = ?4, terms = ?5, checksum = ?6
WHERE id = 1
