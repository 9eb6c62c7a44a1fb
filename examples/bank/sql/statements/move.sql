-- $1 account, $2 position, $3 time, $4 what, $5 cents, negative if they went out
INSERT INTO statements (account, position, at, what, cents, balance)
VALUES ($1, $2, $3, $4, $5, $5 + COALESCE(
    (SELECT balance FROM statements WHERE account = $1 ORDER BY position DESC LIMIT 1), 0))
