-- In the order of listings.
SELECT scope, name, position, key, status, id, tenant, stream, event_type, cause, attempts, first_at,
       last_at, due, checksum
FROM letters ORDER BY scope, name, position
