-- Whose views the tables are that stand beside the store's own: a tenant's name, or '*' for handles of all
-- tenants. Nobody noted it before: what is there now is of the one scope that has views, and where there are
-- several it stays open to all of them, as it was (the empty scope).

CREATE TABLE view_tables (
    name TEXT NOT NULL COLLATE NOCASE,
    scope TEXT NOT NULL,
    PRIMARY KEY (name)
) STRICT, WITHOUT ROWID;

INSERT INTO view_tables (name, scope)
SELECT name, coalesce((SELECT min(scope) FROM view_migrations HAVING min(scope) = max(scope)), '')
FROM sqlite_schema
WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\_%' ESCAPE '\' AND name NOT IN (
    'claims', 'commands', 'events', 'head', 'kind_positions', 'kinds', 'letters', 'migrations', 'snapshots',
    'streams', 'subscriptions', 'tenants', 'term_positions', 'terms', 'view_migrations', 'view_tables');
