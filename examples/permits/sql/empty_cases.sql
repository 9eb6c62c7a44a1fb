DELETE FROM permit_cases
