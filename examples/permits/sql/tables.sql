-- Where every case is, and when something last happened to it, in microseconds since 1970.
CREATE TABLE permit_cases (
    case_id TEXT PRIMARY KEY,
    step TEXT NOT NULL,
    last_at BIGINT NOT NULL
);
-- How long a case had waited when a step was taken, in microseconds.
CREATE TABLE permit_waits (
    position BIGINT PRIMARY KEY,
    step TEXT NOT NULL,
    waited BIGINT NOT NULL
)
