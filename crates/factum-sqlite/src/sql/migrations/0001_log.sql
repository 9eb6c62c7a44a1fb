-- The log and the names it uses. Names are interned: an id never changes and is never used again.
-- A checksum on every row guards what the row says; see codec.rs for what it covers.

CREATE TABLE tenants (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    checksum INTEGER NOT NULL
) STRICT;

CREATE TABLE streams (
    id INTEGER PRIMARY KEY,
    tenant INTEGER NOT NULL,
    name TEXT NOT NULL,
    first_revision INTEGER NOT NULL DEFAULT 0,
    tombstoned INTEGER NOT NULL DEFAULT 0,
    checksum INTEGER NOT NULL,
    UNIQUE (tenant, name)
) STRICT;

-- A kind is a category and an event type: one posting serves queries by either.
CREATE TABLE kinds (
    id INTEGER PRIMARY KEY,
    tenant INTEGER NOT NULL,
    category TEXT NOT NULL,
    event_type TEXT NOT NULL,
    checksum INTEGER NOT NULL,
    UNIQUE (tenant, category, event_type)
) STRICT;

CREATE INDEX kinds_by_type ON kinds (event_type, tenant);

-- A term is a tag (form 0) or a correlation (form 1).
CREATE TABLE terms (
    id INTEGER PRIMARY KEY,
    tenant INTEGER NOT NULL,
    form INTEGER NOT NULL,
    name TEXT NOT NULL,
    checksum INTEGER NOT NULL,
    UNIQUE (name, form, tenant)
) STRICT;

CREATE TABLE events (
    position INTEGER PRIMARY KEY,
    stream INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    envelope BLOB NOT NULL,
    payload BLOB NOT NULL,
    checksum INTEGER NOT NULL
) STRICT;

-- Where the log ends, apart from the events, so that a log cut short is not taken for a short one.
CREATE TABLE head (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    position INTEGER NOT NULL,
    checksum INTEGER NOT NULL
) STRICT;

INSERT INTO head VALUES (1, 0, -4072596861322023719);

CREATE UNIQUE INDEX events_by_stream ON events (stream, revision);

CREATE TABLE kind_positions (
    kind INTEGER NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (kind, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE term_positions (
    term INTEGER NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (term, position)
) STRICT, WITHOUT ROWID;
