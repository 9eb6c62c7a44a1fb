-- $1 to $4 after tenant, stream, kind, revision (exclusive), $5 tenant or NULL, $6 stream or NULL,
-- $7 kind or NULL, $8 most rows
SELECT tenant, stream, kind, revision, position, schema_version, codec, taken_at, payload_checksum,
       checksum, octet_length(payload)::bigint
FROM {schema}.snapshots
WHERE (tenant, stream, kind, revision) > ($1, $2, $3, $4) AND ($5::text IS NULL OR tenant = $5)
  AND ($6::text IS NULL OR stream = $6) AND ($7::text IS NULL OR kind = $7)
ORDER BY tenant, stream, kind, revision LIMIT $8
