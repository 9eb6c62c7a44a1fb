-- $1 scope, $2 name, $3 key or NULL, $4 position or NULL: has those that failed tried again
UPDATE {schema}.letters SET due = true
WHERE scope = $1 AND name = $2 AND status <> 1
  AND ($3::text IS NULL OR key = $3) AND ($4::bigint IS NULL OR position = $4)
RETURNING 1
