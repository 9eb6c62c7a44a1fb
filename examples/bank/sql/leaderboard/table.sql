-- The accounts in an order by what they hold, and every change at the top of it.
CREATE TABLE leaderboard (
    account TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    cents BIGINT NOT NULL
);
CREATE TABLE leads (
    position BIGINT PRIMARY KEY,
    at TEXT NOT NULL,
    account TEXT NOT NULL,
    cents BIGINT NOT NULL
)
