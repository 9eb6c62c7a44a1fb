-- $1 scope, $2 name, then the letters by columns: $3 positions, $4 keys, $5 statuses, $6 ids, $7 tenants,
-- $8 streams, $9 event types, $10 causes, $11 attempts, $12 first_at, $13 last_at, $14 due
INSERT INTO {schema}.letters
    (scope, name, position, key, status, id, tenant, stream, event_type, cause, attempts, first_at, last_at, due)
SELECT $1, $2, l.* FROM unnest($3::bigint[], $4::text[], $5::smallint[], $6::uuid[], $7::text[], $8::text[],
    $9::text[], $10::bytea[], $11::bigint[], $12::bigint[], $13::bigint[], $14::boolean[]) l
ON CONFLICT (scope, name, position) DO UPDATE SET
    key = excluded.key, status = excluded.status, id = excluded.id, tenant = excluded.tenant,
    stream = excluded.stream, event_type = excluded.event_type, cause = excluded.cause,
    attempts = excluded.attempts, first_at = excluded.first_at, last_at = excluded.last_at, due = excluded.due
