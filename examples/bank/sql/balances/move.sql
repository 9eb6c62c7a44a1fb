-- $1 account, $2 cents, negative if they went out, $3 time
UPDATE balances SET cents = cents + $2, since = $3 WHERE account = $1
