-- $1 scope, $2 name
DELETE FROM {schema}.view_migrations WHERE scope = $1 AND name = $2
