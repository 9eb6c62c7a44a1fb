-- $1 scope, $2 name
DELETE FROM {schema}.subscriptions WHERE scope = $1 AND name = $2
