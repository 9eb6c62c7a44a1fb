-- $1 tenant, $2 stream, $3 from revision, $4 through position, $5 most rows,
-- $6 the first revision to be read, or NULL for the stream's own. The head, the first revision
-- and whether it was tombstoned in each row, so that one statement sees one state.
SELECT h.head, s.first_revision, s.tombstoned,
       e.position, e.stream, e.revision, e.kind, e.recorded_at, e.checksum, e.schema_version, e.id, e.codec,
       e.tags, e.correlation, e.causation, e.principal, e.extra, e.payload
FROM (SELECT coalesce(max(position), 0) AS head FROM {schema}.events) h
LEFT JOIN ({schema}.tenants t JOIN {schema}.streams s ON s.tenant = t.id AND s.name = $2) ON t.name = $1
LEFT JOIN LATERAL (
    SELECT * FROM {schema}.events
    WHERE stream = s.id AND revision >= greatest($3, coalesce($6, s.first_revision))
      AND position <= least($4, h.head) AND NOT s.tombstoned
    ORDER BY revision LIMIT $5) e ON true
ORDER BY e.revision
