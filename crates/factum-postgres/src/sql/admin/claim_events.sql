-- $1 after (exclusive), $2 the type of tombstones, $3 most rows: the events that may change who holds what
SELECT position, stream, revision, kind, recorded_at, checksum, schema_version, id, codec, tags,
       correlation, causation, principal, extra, payload
FROM {schema}.events
WHERE position > $1 AND (extra IS NOT NULL OR kind IN (SELECT id FROM {schema}.kinds WHERE event_type = $2))
ORDER BY position LIMIT $3
