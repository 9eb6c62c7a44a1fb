-- Snapshots: a cache of the log. They are named in full, not by interned names, because they may be
-- of streams whose events are kept elsewhere. The payload comes last and has a checksum of its own,
-- so that a listing reads no payload and yet verifies what it says.

CREATE TABLE snapshots (
    tenant TEXT NOT NULL,
    stream TEXT NOT NULL,
    kind TEXT NOT NULL,
    revision INTEGER NOT NULL,
    position INTEGER NOT NULL,
    schema_version INTEGER NOT NULL,
    codec INTEGER NOT NULL,
    taken_at INTEGER NOT NULL,
    payload_checksum INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    payload BLOB NOT NULL,
    UNIQUE (tenant, stream, kind, revision)
) STRICT;
