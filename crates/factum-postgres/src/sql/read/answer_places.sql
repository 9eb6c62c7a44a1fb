-- $1 first_position, $2 last_position
SELECT s.name, e.revision FROM {schema}.events e JOIN {schema}.streams s ON s.id = e.stream
WHERE e.position BETWEEN $1 AND $2 ORDER BY e.position
