-- $1 now, $2 most rows: leaves those alone that an append is removing
DELETE FROM {schema}.commands c USING (
    SELECT tenant, id FROM {schema}.commands WHERE expires_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED) d
WHERE c.tenant = d.tenant AND c.id = d.id RETURNING 1
