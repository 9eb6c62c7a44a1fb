-- $1 tenant, $2 stream, $3 kind, $4 revision, $5 position, $6 schema_version, $7 codec, $8 taken_at,
-- $9 payload_checksum, $10 checksum, $11 payload
SELECT {schema}.save_snapshot($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
