-- ?1 tenant, ?2 stream, ?3 kind, ?4 revision (exclusive), ?5 schema_version
SELECT tenant, stream, kind, revision, position, schema_version, codec, taken_at, payload_checksum,
       checksum, length(payload)
FROM snapshots
WHERE tenant = ?1 AND stream = ?2 AND kind = ?3 AND revision > ?4 AND schema_version = ?5
ORDER BY revision DESC LIMIT 1
