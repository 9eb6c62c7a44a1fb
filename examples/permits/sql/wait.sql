-- $1 position, $2 step, $3 time, $4 case: nothing if the case begins with it
INSERT INTO permit_waits (position, step, waited)
SELECT CAST($1 AS BIGINT), CAST($2 AS TEXT), CAST($3 AS BIGINT) - last_at
FROM permit_cases WHERE case_id = $4
