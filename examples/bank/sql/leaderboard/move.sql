-- $1 account, $2 cents, negative if they went out
UPDATE leaderboard SET cents = cents + $2 WHERE account = $1
