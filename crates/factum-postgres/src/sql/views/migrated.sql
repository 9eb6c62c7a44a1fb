-- $1 scope, $2 name, $3 number, $4 migration, $5 checksum, $6 now
INSERT INTO {schema}.view_migrations (scope, name, number, migration, checksum, made_at)
VALUES ($1, $2, $3, $4, $5, $6)
