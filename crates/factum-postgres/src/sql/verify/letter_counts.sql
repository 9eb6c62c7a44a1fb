-- Subscriptions whose counts are not those of their letters, and letters of no subscription. $1 most rows
SELECT coalesce(s.scope, l.scope), coalesce(s.name, l.name), s.name IS NOT NULL
FROM (SELECT * FROM {schema}.subscriptions WHERE NOT forgotten) s FULL JOIN (
    SELECT scope, name, count(DISTINCT key) FILTER (WHERE status <> 2) AS keys,
           count(*) FILTER (WHERE status = 1) AS waiting, count(*) FILTER (WHERE status <> 1) AS dead
    FROM {schema}.letters GROUP BY scope, name) l ON l.scope = s.scope AND l.name = s.name
WHERE s.name IS NULL
   OR (s.parked_keys, s.waiting_events, s.dead_letters)
      <> (coalesce(l.keys, 0), coalesce(l.waiting, 0), coalesce(l.dead, 0))
ORDER BY 1, 2 LIMIT $1
