SELECT account, owner, cents FROM leaderboard ORDER BY cents DESC, account LIMIT 10
