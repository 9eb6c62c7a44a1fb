-- What a role needs to read the log and to watch it, and nothing more. Run as the owner of the schema,
-- with the names of your schema and role.
GRANT USAGE ON SCHEMA factum TO factum_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA factum TO factum_reader;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA factum TO factum_reader;
