-- ?1 first_position, ?2 last_position
SELECT stream, revision FROM events WHERE position BETWEEN ?1 AND ?2 ORDER BY position
