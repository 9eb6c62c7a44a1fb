-- ?1 tenant, ?2 stream, ?3 kind or NULL, ?4 how many of each kind to keep
DELETE FROM snapshots AS old
WHERE tenant = ?1 AND stream = ?2 AND (?3 IS NULL OR kind = ?3)
  AND revision <= (SELECT revision FROM snapshots
                   WHERE tenant = ?1 AND stream = ?2 AND kind = old.kind
                   ORDER BY revision DESC LIMIT 1 OFFSET ?4)
