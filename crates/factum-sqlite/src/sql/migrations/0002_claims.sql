-- Unique values and the streams that hold them; can be made again from the events.

CREATE TABLE claims (
    tenant INTEGER NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    stream INTEGER NOT NULL,
    PRIMARY KEY (tenant, name, value)
) STRICT, WITHOUT ROWID;

CREATE INDEX claims_by_stream ON claims (stream);
