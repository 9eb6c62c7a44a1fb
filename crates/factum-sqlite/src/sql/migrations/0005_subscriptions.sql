-- What everything that reads the log keeps: how far it got, who runs it, what it set aside, and which
-- changes were made to the tables of its view. A scope is a tenant's name, or '*' for all tenants.

CREATE TABLE subscriptions (
    scope TEXT NOT NULL,
    name TEXT NOT NULL,
    kind INTEGER NOT NULL,
    version INTEGER NOT NULL,
    shape TEXT NOT NULL,
    position INTEGER NOT NULL,
    last_position INTEGER,
    last_id BLOB,
    epoch INTEGER NOT NULL,
    owner TEXT,
    beat INTEGER NOT NULL,
    beat_at INTEGER,
    state INTEGER NOT NULL,
    reason TEXT,
    head INTEGER NOT NULL,
    pause_reason TEXT,
    paused_at INTEGER,
    rebuild_after INTEGER,
    rebuild_at INTEGER,
    rebuild_target INTEGER,
    -- Counted as letters change, so that reading how far a subscription got counts nothing.
    parked_keys INTEGER NOT NULL,
    waiting_events INTEGER NOT NULL,
    dead_letters INTEGER NOT NULL,
    instructions INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    -- What is left of one that was forgotten: its epoch, so that older leases stay fenced.
    forgotten INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (scope, name)
) STRICT, WITHOUT ROWID;

-- Events that were set aside. Status: 0 parked, 1 waiting behind a parked one, 2 dead.
CREATE TABLE letters (
    scope TEXT NOT NULL,
    name TEXT NOT NULL,
    position INTEGER NOT NULL,
    key TEXT NOT NULL,
    status INTEGER NOT NULL,
    id BLOB NOT NULL,
    tenant TEXT NOT NULL,
    stream TEXT NOT NULL,
    event_type TEXT NOT NULL,
    cause TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    due INTEGER NOT NULL,
    PRIMARY KEY (scope, name, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX letters_by_key ON letters (scope, name, key, position);

-- Those that events of the same key wait for or wait as.
CREATE INDEX letters_blocking ON letters (scope, name, key, status, position) WHERE status < 2;

CREATE INDEX letters_due ON letters (scope, name, position) WHERE due = 1;

CREATE TABLE view_migrations (
    scope TEXT NOT NULL,
    name TEXT NOT NULL,
    number INTEGER NOT NULL,
    migration TEXT NOT NULL,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (scope, name, number)
) STRICT, WITHOUT ROWID;
