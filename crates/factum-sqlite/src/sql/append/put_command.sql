-- ?1 tenant, ?2 id, ?3 target, ?4 first_position, ?5 last_position, ?6 outcome, ?7 expires_at, ?8 hash,
-- ?9 checksum, ?10 digest or NULL
INSERT OR REPLACE INTO commands
    (tenant, id, target, first_position, last_position, outcome, expires_at, hash, checksum, digest)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
