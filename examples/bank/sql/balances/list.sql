SELECT account, owner, cents, since FROM balances ORDER BY account
