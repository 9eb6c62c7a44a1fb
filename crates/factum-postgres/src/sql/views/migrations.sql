-- $1 scope, $2 name: the changes that were made, in order
SELECT migration, checksum FROM {schema}.view_migrations WHERE scope = $1 AND name = $2 ORDER BY number
