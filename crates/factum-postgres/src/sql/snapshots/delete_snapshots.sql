-- $1 tenant, $2 stream, $3 kind or NULL, $4 how many of each kind to keep
DELETE FROM {schema}.snapshots AS old
WHERE tenant = $1 AND stream = $2 AND ($3::text IS NULL OR kind = $3)
  AND revision <= (SELECT revision FROM {schema}.snapshots
                   WHERE tenant = $1 AND stream = $2 AND kind = old.kind
                   ORDER BY revision DESC LIMIT 1 OFFSET $4)
RETURNING 1
