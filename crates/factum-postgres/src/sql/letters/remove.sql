-- $1 scope, $2 name, $3 positions
DELETE FROM {schema}.letters WHERE scope = $1 AND name = $2 AND position = ANY ($3)
