-- $1 account
SELECT position, at, what, cents, balance FROM statements WHERE account = $1 ORDER BY position
