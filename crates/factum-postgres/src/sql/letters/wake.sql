-- $1 scope, $2 name, $3 keys: has the first that waits tried, of each of the keys without a parked one
UPDATE {schema}.letters l SET due = true
FROM unnest($3::text[]) k(key)
WHERE l.scope = $1 AND l.name = $2 AND l.key = k.key AND l.position = (
    SELECT f.position FROM {schema}.letters f
    WHERE f.scope = $1 AND f.name = $2 AND f.key = k.key AND f.status = 1 ORDER BY f.position LIMIT 1)
  AND NOT EXISTS (
    SELECT 1 FROM {schema}.letters p
    WHERE p.scope = $1 AND p.name = $2 AND p.key = k.key AND p.status = 0)
