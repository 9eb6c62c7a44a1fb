-- ?1 position, ?2 stream, ?3 revision, ?4 kind, ?5 recorded_at, ?6 envelope, ?7 payload, ?8 checksum
INSERT INTO events (position, stream, revision, kind, recorded_at, envelope, payload, checksum)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
