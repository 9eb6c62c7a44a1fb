-- The log and the names it uses. Names are interned: an id never changes and is never used again.
-- Texts are compared bytewise, so that listings and indexes do not depend on the locale.

CREATE SEQUENCE {schema}.tenant_ids;
CREATE TABLE {schema}.tenants (
    id bigint PRIMARY KEY,
    name text COLLATE "C" NOT NULL UNIQUE
);

CREATE SEQUENCE {schema}.stream_ids;
CREATE TABLE {schema}.streams (
    id bigint PRIMARY KEY,
    tenant bigint NOT NULL,
    name text COLLATE "C" NOT NULL,
    first_revision bigint NOT NULL DEFAULT 0,
    tombstoned boolean NOT NULL DEFAULT false,
    UNIQUE (tenant, name)
);

-- A kind is a category and an event type: one index serves queries by either.
CREATE SEQUENCE {schema}.kind_ids;
CREATE TABLE {schema}.kinds (
    id bigint PRIMARY KEY,
    tenant bigint NOT NULL,
    category text COLLATE "C" NOT NULL,
    event_type text COLLATE "C" NOT NULL,
    UNIQUE (tenant, category, event_type)
);
CREATE INDEX kinds_by_type ON {schema}.kinds (event_type, tenant);

-- A term is a tag (form 0) or a correlation (form 1).
CREATE SEQUENCE {schema}.term_ids;
CREATE TABLE {schema}.terms (
    id bigint PRIMARY KEY,
    tenant bigint NOT NULL,
    form smallint NOT NULL,
    name text COLLATE "C" NOT NULL,
    UNIQUE (name, form, tenant)
);

-- recorded_at counts microseconds since 1970. extra is JSON: claim changes and metadata, whose texts may
-- hold characters that no text of PostgreSQL can. The checksum covers the event as it was handed in.
-- Columns stand in order of their width, so that nothing is lost to alignment.
CREATE TABLE {schema}.events (
    position bigint PRIMARY KEY CHECK (position > 0),
    stream bigint NOT NULL,
    revision bigint NOT NULL CHECK (revision >= 0),
    kind bigint NOT NULL,
    recorded_at bigint NOT NULL,
    checksum bigint NOT NULL,
    schema_version bigint NOT NULL,
    id uuid NOT NULL,
    codec smallint NOT NULL,
    tags text[],
    correlation text,
    causation text,
    principal text,
    extra text,
    payload bytea NOT NULL
);
CREATE UNIQUE INDEX events_by_stream ON {schema}.events (stream, revision);
CREATE UNIQUE INDEX events_by_kind ON {schema}.events (kind, position);

CREATE TABLE {schema}.term_positions (
    term bigint NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (term, position)
);

-- Holds no rows: whoever appends holds its lock until the append is committed.
CREATE TABLE {schema}.append_lock ();

-- Unique values and the streams that hold them; can be made again from the events.
CREATE TABLE {schema}.claims (
    tenant bigint NOT NULL,
    stream bigint NOT NULL,
    name text COLLATE "C" NOT NULL,
    value text COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant, name, value)
);
CREATE INDEX claims_by_stream ON {schema}.claims (stream);

-- Commands that were answered. The events of an answer stand at first_position to last_position;
-- first_position is NULL for a command that stored none.
CREATE TABLE {schema}.commands (
    tenant bigint NOT NULL,
    first_position bigint,
    last_position bigint NOT NULL,
    expires_at bigint,
    checksum bigint NOT NULL,
    id text COLLATE "C" NOT NULL,
    target text NOT NULL,
    outcome bytea NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE INDEX commands_by_expiry ON {schema}.commands (expires_at) WHERE expires_at IS NOT NULL;

-- Snapshots: a cache of the log. They are named in full, because they may be of streams whose
-- events are kept elsewhere.
CREATE TABLE {schema}.snapshots (
    revision bigint NOT NULL,
    position bigint NOT NULL,
    schema_version bigint NOT NULL,
    taken_at bigint NOT NULL,
    payload_checksum bigint NOT NULL,
    checksum bigint NOT NULL,
    codec smallint NOT NULL,
    tenant text COLLATE "C" NOT NULL,
    stream text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    payload bytea NOT NULL,
    PRIMARY KEY (tenant, stream, kind, revision)
);

-- Events never change: nobody who does not mean to break the log can do it with a statement.
CREATE FUNCTION {schema}.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    RAISE EXCEPTION 'events never change: % of %.% refused', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$body$;
CREATE TRIGGER events_never_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {schema}.events
    FOR EACH STATEMENT EXECUTE FUNCTION {schema}.refuse_change();

-- A payload as text, or nothing if it is none.
CREATE FUNCTION {schema}.text_of(payload bytea) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $body$
BEGIN
    RETURN convert_from(payload, 'UTF8');
EXCEPTION WHEN others THEN
    RETURN NULL;
END
$body$;

-- The log for people who look with SQL: every name written out, payloads in JSON as text. Times before
-- 4713 BC, which no timestamp can hold, are left out.
CREATE VIEW {schema}.log AS
SELECT e.position, t.name AS tenant, s.name AS stream, e.revision, k.event_type,
       CASE WHEN e.recorded_at >= -210866803200000000
            THEN to_timestamp(e.recorded_at / 1000000.0) END AS recorded_at, e.id, e.schema_version,
       e.tags, e.correlation, e.causation, e.principal,
       CASE WHEN e.codec = 0 THEN {schema}.text_of(e.payload) END AS json,
       e.codec, octet_length(e.payload) AS payload_bytes
FROM {schema}.events e
JOIN {schema}.streams s ON s.id = e.stream
JOIN {schema}.tenants t ON t.id = s.tenant
JOIN {schema}.kinds k ON k.id = e.kind;
