-- $1 lock_ms, $2 flush, $3 now, $4 channel, $5 tenant, $6 stream, $7 expected, $8 truncate_before or NULL,
-- $9 category, $10 event type, $11 recorded_at, $12 checksum, $13 id, $14 principal, $15 payload
SELECT verdict, place, first, last FROM {schema}.act(
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
