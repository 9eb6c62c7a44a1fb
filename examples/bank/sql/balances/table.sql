-- What every account holds, and since when it is that much.
CREATE TABLE balances (
    account TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    cents BIGINT NOT NULL,
    since TEXT NOT NULL
)
