-- $1 tenant's id, or NULL for all, $2 query, $3 after (exclusive), $4 through (inclusive), $5 most rows;
-- as matching_page, newest first
SELECT e.position, e.stream, e.revision, e.kind, e.recorded_at, e.checksum, e.schema_version, e.id, e.codec,
       e.tags, e.correlation, e.causation, e.principal, e.extra, e.payload
FROM {schema}.matching_backward($1, $2::jsonb, $3, $4, $5) m(position)
JOIN {schema}.events e ON e.position = m.position ORDER BY e.position DESC
