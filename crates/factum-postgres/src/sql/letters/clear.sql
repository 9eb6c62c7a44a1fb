-- $1 scope, $2 name
DELETE FROM {schema}.letters WHERE scope = $1 AND name = $2
