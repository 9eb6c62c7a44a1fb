-- every table and view of the file
SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')
