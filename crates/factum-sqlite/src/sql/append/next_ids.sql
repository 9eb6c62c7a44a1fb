-- The next free id of tenants, streams, kinds and terms.
SELECT (SELECT coalesce(max(id), 0) + 1 FROM tenants),
       (SELECT coalesce(max(id), 0) + 1 FROM streams),
       (SELECT coalesce(max(id), 0) + 1 FROM kinds),
       (SELECT coalesce(max(id), 0) + 1 FROM terms)
