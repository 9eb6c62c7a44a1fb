-- $1 scope, $2 name, $3 positions of all letters that are about to change, $4 and $5 keys and statuses of
-- those of them that will be there: brings the counts up to date before the letters change
WITH before AS (
    SELECT key, status FROM {schema}.letters WHERE scope = $1 AND name = $2 AND position = ANY ($3)),
after AS (SELECT key, status FROM unnest($4::text[], $5::smallint[]) a(key, status)),
blocked AS (
    SELECT count(*) FILTER (WHERE EXISTS (
               SELECT 1 FROM {schema}.letters l
               WHERE l.scope = $1 AND l.name = $2 AND l.key = k.key AND l.status <> 2)) AS until_now,
           count(*) FILTER (WHERE EXISTS (
               SELECT 1 FROM after a WHERE a.key = k.key AND a.status <> 2)
               OR EXISTS (
               SELECT 1 FROM {schema}.letters l
               WHERE l.scope = $1 AND l.name = $2 AND l.key = k.key AND l.status <> 2
                 AND l.position <> ALL ($3))) AS from_now
    FROM (SELECT key FROM before UNION SELECT key FROM after) k),
counts AS (
    SELECT (SELECT from_now - until_now FROM blocked) AS keys,
           (SELECT count(*) FILTER (WHERE status = 1) FROM after)
               - (SELECT count(*) FILTER (WHERE status = 1) FROM before) AS waiting,
           (SELECT count(*) FILTER (WHERE status <> 1) FROM after)
               - (SELECT count(*) FILTER (WHERE status <> 1) FROM before) AS dead)
UPDATE {schema}.subscriptions s SET
    parked_keys = s.parked_keys + c.keys, waiting_events = s.waiting_events + c.waiting,
    dead_letters = s.dead_letters + c.dead
FROM counts c WHERE s.scope = $1 AND s.name = $2
  AND s.place = (SELECT p.place FROM {schema}.subscriptions p WHERE p.scope = $1 AND p.name = $2
               ORDER BY p.place DESC LIMIT 1)
