-- $1 lock_ms
SELECT {schema}.take_append_lock($1, true)
