-- $1 ids
SELECT id, event_type FROM {schema}.kinds WHERE id = ANY ($1)
