-- every table, view, index and trigger of the file, and whose the table is that it belongs to
SELECT s.name, s.tbl_name, coalesce(o.scope, '')
FROM sqlite_schema s LEFT JOIN view_tables o ON o.name = s.tbl_name
