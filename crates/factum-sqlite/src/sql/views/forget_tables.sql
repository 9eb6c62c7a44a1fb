-- those that are no longer in the file
DELETE FROM view_tables WHERE name NOT IN (SELECT name FROM sqlite_schema WHERE type IN ('table', 'view'))
