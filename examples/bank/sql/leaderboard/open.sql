-- $1 account, $2 owner
INSERT INTO leaderboard (account, owner, cents) VALUES ($1, $2, 0)
