-- $1 scope, $2 name, $3 epoch, $4 state, $5 reason or NULL, $6 head: a row if it was given up
UPDATE {schema}.subscriptions SET owner = NULL, state = $4, reason = $5, head = $6
WHERE scope = $1 AND name = $2
  AND place = (SELECT p.place FROM {schema}.subscriptions p WHERE p.scope = $1 AND p.name = $2
               ORDER BY p.place DESC LIMIT 1)
  AND epoch = $3 AND owner IS NOT NULL
  AND (SELECT set_config('synchronous_commit', 'off', true)) = 'off'
RETURNING 1
