SELECT position, at, account, cents FROM leads ORDER BY position DESC LIMIT 5
