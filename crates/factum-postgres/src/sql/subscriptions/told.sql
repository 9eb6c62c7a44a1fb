-- $1 scope, $2 name: shows whoever runs it that there is something to do
UPDATE {schema}.subscriptions SET instructions = instructions + 1 WHERE scope = $1 AND name = $2
