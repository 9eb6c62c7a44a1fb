-- $1 after (exclusive), $2 through (inclusive), $3 most rows
SELECT position, stream, revision, kind, recorded_at, checksum, schema_version, id, codec, tags,
       correlation, causation, principal, extra, payload
FROM {schema}.events WHERE position > $1 AND position <= $2 ORDER BY position LIMIT $3
