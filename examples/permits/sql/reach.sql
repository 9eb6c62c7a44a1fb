-- $1 case, $2 step, $3 time
INSERT INTO permit_cases (case_id, step, last_at) VALUES ($1, $2, $3)
ON CONFLICT (case_id) DO UPDATE SET step = excluded.step, last_at = excluded.last_at
