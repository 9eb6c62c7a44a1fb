-- What a role needs beside that to append, to tombstone, to truncate, to keep snapshots and to run what
-- reads the log. It cannot change or remove an event.
GRANT INSERT ON factum.tenants, factum.streams, factum.kinds, factum.terms, factum.events,
    factum.term_positions, factum.subscription_names TO factum_writer;
GRANT UPDATE ON factum.streams, factum.append_lock TO factum_writer;
GRANT INSERT, UPDATE, DELETE ON factum.claims, factum.commands, factum.snapshots TO factum_writer;
GRANT INSERT, UPDATE, DELETE ON factum.subscriptions, factum.letters, factum.view_migrations
    TO factum_writer;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA factum TO factum_writer;
