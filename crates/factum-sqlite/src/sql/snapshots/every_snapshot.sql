-- In the order of listings, with the payloads.
SELECT tenant, stream, kind, revision, position, schema_version, codec, taken_at, payload_checksum,
       checksum, length(payload), payload
FROM snapshots ORDER BY tenant, stream, kind, revision
