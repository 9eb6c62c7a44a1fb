-- A line for every movement of an account.
CREATE TABLE statements (
    account TEXT NOT NULL,
    position BIGINT NOT NULL,
    at TEXT NOT NULL,
    what TEXT NOT NULL,
    cents BIGINT NOT NULL,
    balance BIGINT NOT NULL,
    PRIMARY KEY (account, position)
)
