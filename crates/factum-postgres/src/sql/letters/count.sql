-- $1 scope, $2 name: counts all of the subscription's letters
UPDATE {schema}.subscriptions s SET
    parked_keys = c.keys, waiting_events = c.waiting, dead_letters = c.dead
FROM (SELECT count(DISTINCT key) FILTER (WHERE status <> 2) AS keys,
             count(*) FILTER (WHERE status = 1) AS waiting,
             count(*) FILTER (WHERE status <> 1) AS dead
      FROM {schema}.letters WHERE scope = $1 AND name = $2) c
WHERE s.scope = $1 AND s.name = $2
  AND s.place = (SELECT p.place FROM {schema}.subscriptions p WHERE p.scope = $1 AND p.name = $2
               ORDER BY p.place DESC LIMIT 1)
