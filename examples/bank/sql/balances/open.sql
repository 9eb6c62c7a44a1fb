-- $1 account, $2 owner, $3 time
INSERT INTO balances (account, owner, cents, since) VALUES ($1, $2, 0, $3)
