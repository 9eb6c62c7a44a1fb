-- Commands that were answered. The events of an answer stand at first_position to last_position;
-- first_position is NULL for a command that stored none.

CREATE TABLE commands (
    tenant INTEGER NOT NULL,
    id TEXT NOT NULL,
    target TEXT NOT NULL,
    first_position INTEGER,
    last_position INTEGER NOT NULL,
    outcome BLOB NOT NULL,
    expires_at INTEGER,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX commands_by_expiry ON commands (expires_at) WHERE expires_at IS NOT NULL;
