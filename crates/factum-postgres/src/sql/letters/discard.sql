-- $1 scope, $2 name, $3 key or NULL, $4 position or NULL: leaves those that failed out; their keys
DELETE FROM {schema}.letters
WHERE scope = $1 AND name = $2 AND status <> 1
  AND ($3::text IS NULL OR key = $3) AND ($4::bigint IS NULL OR position = $4)
RETURNING key
