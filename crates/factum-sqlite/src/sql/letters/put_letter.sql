-- ?1 to ?15 the columns in their order
INSERT OR REPLACE INTO letters
    (scope, name, position, key, status, id, tenant, stream, event_type, cause, attempts, first_at,
     last_at, due, checksum)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
