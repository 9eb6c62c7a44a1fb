-- $1 scope, $2 name: shows whoever runs it that there is something to do
UPDATE {schema}.subscriptions SET instructions = instructions + 1 WHERE scope = $1 AND name = $2
  AND place = (SELECT p.place FROM {schema}.subscriptions p WHERE p.scope = $1 AND p.name = $2
               ORDER BY p.place DESC LIMIT 1)
