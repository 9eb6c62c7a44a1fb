-- $1 tenant, $2 stream, $3 kind, $4 through (inclusive)
SELECT tenant, stream, kind, revision, position, schema_version, codec, taken_at, payload_checksum,
       checksum, octet_length(payload)::bigint, payload
FROM {schema}.snapshots WHERE tenant = $1 AND stream = $2 AND kind = $3 AND revision <= $4
ORDER BY revision DESC LIMIT 1
