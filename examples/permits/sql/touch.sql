-- $1 case, $2 step, $3 time: a free step leaves the case where it is
INSERT INTO permit_cases (case_id, step, last_at) VALUES ($1, $2, $3)
ON CONFLICT (case_id) DO UPDATE SET last_at = excluded.last_at
