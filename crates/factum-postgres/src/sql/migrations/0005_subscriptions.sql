-- What reads the log: how far it got, who runs it, what it set aside, and how its view was made. They are
-- named in full: of a tenant, or with the scope '*' of all tenants. Times count microseconds since 1970.
-- Causes and reasons are bytes, because programs say them in words that may hold what no text of PostgreSQL
-- can; convert_from(cause, 'UTF8') shows them.

-- parked_keys, waiting_events and dead_letters are counted from the letters whenever those change, so that a
-- lease is renewed without counting. Nearly every write changes a row in place, for which pages keep room.
-- Of one that was forgotten, the row stays for its epoch, so that older leases stay fenced.
CREATE TABLE {schema}.subscriptions (
    version bigint NOT NULL,
    position bigint NOT NULL,
    last_position bigint,
    epoch bigint NOT NULL DEFAULT 0,
    beat bigint NOT NULL DEFAULT 0,
    beat_at bigint,
    head bigint NOT NULL DEFAULT 0,
    paused_at bigint,
    rebuild_after bigint,
    rebuild_at bigint,
    rebuild_target bigint,
    parked_keys bigint NOT NULL DEFAULT 0,
    waiting_events bigint NOT NULL DEFAULT 0,
    dead_letters bigint NOT NULL DEFAULT 0,
    instructions bigint NOT NULL DEFAULT 0,
    updated_at bigint NOT NULL,
    last_id uuid,
    kind smallint NOT NULL,
    state smallint NOT NULL DEFAULT 0,
    forgotten boolean NOT NULL DEFAULT false,
    scope text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    shape text NOT NULL,
    owner text COLLATE "C",
    reason bytea,
    pause_reason bytea,
    PRIMARY KEY (scope, name)
) WITH (fillfactor = 50);

-- A status is parked (0), waiting (1) or dead (2).
CREATE TABLE {schema}.letters (
    position bigint NOT NULL,
    attempts bigint NOT NULL,
    first_at bigint NOT NULL,
    last_at bigint NOT NULL,
    id uuid NOT NULL,
    status smallint NOT NULL,
    due boolean NOT NULL,
    scope text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    tenant text COLLATE "C" NOT NULL,
    stream text COLLATE "C" NOT NULL,
    event_type text COLLATE "C" NOT NULL,
    cause bytea NOT NULL,
    PRIMARY KEY (scope, name, position)
);
CREATE INDEX letters_by_key ON {schema}.letters (scope, name, key, position);
CREATE INDEX letters_due ON {schema}.letters (scope, name, position) WHERE due;

CREATE TABLE {schema}.view_migrations (
    checksum bigint NOT NULL,
    made_at bigint NOT NULL,
    number integer NOT NULL,
    scope text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    migration text NOT NULL,
    PRIMARY KEY (scope, name, number)
);
