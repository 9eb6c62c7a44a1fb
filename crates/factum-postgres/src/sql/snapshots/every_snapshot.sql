-- $1 to $4 after tenant, stream, kind, revision (exclusive), $5 most rows; with the payloads
SELECT tenant, stream, kind, revision, position, schema_version, codec, taken_at, payload_checksum,
       checksum, octet_length(payload)::bigint, payload
FROM {schema}.snapshots WHERE (tenant, stream, kind, revision) > ($1, $2, $3, $4)
ORDER BY tenant, stream, kind, revision LIMIT $5
