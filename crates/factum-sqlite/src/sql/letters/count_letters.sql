-- ?1 scope, ?2 name
SELECT count(DISTINCT key) FILTER (WHERE status < 2), count(*) FILTER (WHERE status = 1),
       count(*) FILTER (WHERE status <> 1)
FROM letters WHERE scope = ?1 AND name = ?2
