-- ?1 tenant, ?2 name, ?3 value, ?4 stream, ?5 hash, ?6 checksum
INSERT INTO claims (tenant, name, value, stream, hash, checksum) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (tenant, name, value) DO UPDATE
SET stream = excluded.stream, hash = excluded.hash, checksum = excluded.checksum
