-- What is reached through an index is checked against something that does not stand in it. The rest of
-- this step, which computes hashes and checksums, is in migrate/checked_indexes.rs.

-- How many names there are of each sort; their ids are dense from 1.
ALTER TABLE head ADD COLUMN tenants INTEGER NOT NULL DEFAULT 0;
ALTER TABLE head ADD COLUMN streams INTEGER NOT NULL DEFAULT 0;
ALTER TABLE head ADD COLUMN kinds INTEGER NOT NULL DEFAULT 0;
ALTER TABLE head ADD COLUMN terms INTEGER NOT NULL DEFAULT 0;

-- Where a stream ends; and a hash of its name, for a second index.
ALTER TABLE streams ADD COLUMN last_revision INTEGER NOT NULL DEFAULT 0;
ALTER TABLE streams ADD COLUMN last_position INTEGER NOT NULL DEFAULT 0;
ALTER TABLE streams ADD COLUMN hash INTEGER NOT NULL DEFAULT 0;
ALTER TABLE terms ADD COLUMN hash INTEGER NOT NULL DEFAULT 0;
ALTER TABLE claims ADD COLUMN hash INTEGER NOT NULL DEFAULT 0;
ALTER TABLE claims ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE commands ADD COLUMN hash INTEGER NOT NULL DEFAULT 0;

-- Kinds by hash of what a query may ask for: a category, a type, both, or neither.
CREATE TABLE kind_keys (
    hash INTEGER NOT NULL,
    tenant INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    PRIMARY KEY (hash, tenant, kind)
) STRICT, WITHOUT ROWID;

-- A list of postings is a ring: each names the position before it. The entry at position 0 closes the
-- ring: it names the last one.
ALTER TABLE kind_positions RENAME TO old_kind_positions;
ALTER TABLE term_positions RENAME TO old_term_positions;

CREATE TABLE kind_positions (
    kind INTEGER NOT NULL,
    position INTEGER NOT NULL,
    previous INTEGER NOT NULL,
    PRIMARY KEY (kind, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE term_positions (
    term INTEGER NOT NULL,
    position INTEGER NOT NULL,
    previous INTEGER NOT NULL,
    PRIMARY KEY (term, position)
) STRICT, WITHOUT ROWID;

INSERT INTO kind_positions
SELECT kind, position, lag(position, 1, 0) OVER (PARTITION BY kind ORDER BY position)
FROM old_kind_positions;
INSERT INTO kind_positions SELECT kind, 0, max(position) FROM old_kind_positions GROUP BY kind;

INSERT INTO term_positions
SELECT term, position, lag(position, 1, 0) OVER (PARTITION BY term ORDER BY position)
FROM old_term_positions;
INSERT INTO term_positions SELECT term, 0, max(position) FROM old_term_positions GROUP BY term;

DROP TABLE old_kind_positions;
DROP TABLE old_term_positions;

ALTER TABLE subscriptions ADD COLUMN hash INTEGER NOT NULL DEFAULT 0;
ALTER TABLE subscriptions ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
ALTER TABLE letters ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
