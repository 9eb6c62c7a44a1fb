-- ?1 to ?4 after tenant, stream, kind, revision (exclusive), ?5 and ?6 through tenant, stream (inclusive),
-- ?7 stream or NULL, ?8 kind or NULL, ?9 most rows
SELECT tenant, stream, kind, revision, position, schema_version, codec, taken_at, payload_checksum,
       checksum, length(payload)
FROM snapshots
WHERE (tenant, stream, kind, revision) > (?1, ?2, ?3, ?4) AND (tenant, stream) <= (?5, ?6)
  AND (?7 IS NULL OR stream = ?7) AND (?8 IS NULL OR kind = ?8)
ORDER BY tenant, stream, kind, revision LIMIT ?9
