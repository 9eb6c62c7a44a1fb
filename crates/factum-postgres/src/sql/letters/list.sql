-- $1 to $3 after scope, name, position (exclusive), $4 and $5 before scope, name (exclusive), $6 key or NULL,
-- $7 whether those that wait are listed, $8 most rows
SELECT scope, name, position, key, status, id, tenant, stream, event_type, cause, attempts, first_at, last_at, due
FROM {schema}.letters
WHERE (scope, name, position) > ($1, $2, $3) AND (scope, name) < ($4, $5)
  AND ($6::text IS NULL OR key = $6) AND ($7 OR status <> 1)
ORDER BY scope, name, position LIMIT $8
