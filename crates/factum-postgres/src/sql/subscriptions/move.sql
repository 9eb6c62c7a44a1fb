-- $1 scope, $2 name, $3 so many writes: puts a row that was written so often in again under the next place,
-- with every column as it is
WITH gone AS (
    DELETE FROM {schema}.subscriptions
    WHERE scope = $1 AND name = $2
      AND place = (SELECT p.place FROM {schema}.subscriptions p WHERE p.scope = $1 AND p.name = $2
                   ORDER BY p.place DESC LIMIT 1)
      AND writes >= $3 AND (SELECT set_config('synchronous_commit', 'off', true)) = 'off' RETURNING *)
INSERT INTO {schema}.subscriptions
SELECT (jsonb_populate_record(NULL::{schema}.subscriptions,
            to_jsonb(g) || jsonb_build_object('place', g.place + 1, 'writes', 0))).*
FROM gone g
