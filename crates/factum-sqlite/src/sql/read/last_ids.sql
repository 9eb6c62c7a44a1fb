-- The last position, and the last id of tenants, streams, kinds and terms.
SELECT (SELECT coalesce(max(position), 0) FROM events),
       (SELECT coalesce(max(id), 0) FROM tenants),
       (SELECT coalesce(max(id), 0) FROM streams),
       (SELECT coalesce(max(id), 0) FROM kinds),
       (SELECT coalesce(max(id), 0) FROM terms)
