SELECT step, COUNT(*) FROM permit_cases GROUP BY step
