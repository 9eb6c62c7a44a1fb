-- Events that a query by one of their tags, or by their correlation, does not find. $1 most rows
SELECT e.position, w.form = 0 FROM {schema}.events e JOIN {schema}.kinds k ON k.id = e.kind
CROSS JOIN LATERAL (
    SELECT 0::smallint AS form, unnest(e.tags) AS name
    UNION ALL SELECT 1::smallint, e.correlation WHERE e.correlation IS NOT NULL) w
LEFT JOIN {schema}.terms t ON t.tenant = k.tenant AND t.form = w.form AND t.name = w.name
LEFT JOIN {schema}.term_positions p ON p.term = t.id AND p.position = e.position
WHERE p.position IS NULL ORDER BY e.position LIMIT $1
