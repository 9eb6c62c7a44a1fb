-- $1 now
DELETE FROM {schema}.commands WHERE expires_at <= $1
