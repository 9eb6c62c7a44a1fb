#!/usr/bin/env bash
# SQLite asks its authorizer about its own list of tables before it names the table that is to be
# made, and does not ask about the rows that CREATE TABLE ... AS SELECT puts into it.
#
# Versions: SQLite 3.54.1, as bundled with the PyPI package apsw 3.54.1.0.
#
# Expected: a statement that makes and fills a table asks what its parts would: may this table be
# made, may that one be read, may rows be inserted.
# Found: the first question of CREATE TABLE is whether rows may be inserted into `sqlite_master`;
# only the second names the table, and the last is whether the ROWID of `sqlite_master` may be
# read. CREATE TABLE x AS SELECT has no question about inserting into x: who may make a table may
# fill it. By CREATE TABLE and INSERT the same rows are asked about. After CREATE INDEX was
# allowed, there is a question about a REINDEX that nobody wrote; DROP TABLE has one about a
# DELETE from the table.
#
# Why it matters: a store that lets projections run SQL beside its events decides question by
# question, with no sight of the statement. A rule "nobody writes `sqlite_master`" refuses every
# CREATE TABLE before its name is known, one "no REINDEX" every index. Whose a table is has to be
# decided when it is made.
#
# Documentation: https://www.sqlite.org/c3ref/set_authorizer.html and
# https://www.sqlite.org/c3ref/c_alter_table.html say what each question means. Which ones a
# statement has, and in what order, they leave open.
#
# Needs: bash, python3 with pip.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM

PIP_ROOT_USER_ACTION=ignore python3 -m pip install --quiet --disable-pip-version-check --no-deps \
    --target "$folder/packages" apsw==3.54.1.0

cat >"$folder/questions.py" <<'EOF'
import apsw

def questions(statement):
    """Prints what the authorizer is asked while `statement` runs, and how many rows it leaves."""
    connection = apsw.Connection(":memory:")
    connection.execute("CREATE TABLE events (body); INSERT INTO events VALUES ('a'), ('b')")
    asked = []

    def allow(action, first, second, database, trigger):
        name = apsw.mapping_authorizer_function[action].removeprefix("SQLITE_")
        asked.append(" ".join([name] + [it for it in (first, second) if it]))
        return apsw.SQLITE_OK

    connection.authorizer = allow
    connection.execute(statement)
    connection.authorizer = None
    print(statement)
    for it in asked:
        print("   ", it)
    return connection

print("SQLite", apsw.sqlite_lib_version())
filled = questions("CREATE TABLE x AS SELECT body FROM events")
print("    rows of x:", filled.execute("SELECT count(*) FROM x").get)
filled = questions("CREATE TABLE x (body); INSERT INTO x SELECT body FROM events")
print("    rows of x:", filled.execute("SELECT count(*) FROM x").get)
questions("CREATE INDEX by_body ON events (body)")
questions("DROP TABLE events")
EOF

cat >"$folder/expected" <<'EOF'
SQLite 3.54.1
CREATE TABLE x AS SELECT body FROM events
    INSERT sqlite_master
    CREATE_TABLE x
    READ events body
    SELECT
    UPDATE sqlite_master type
    UPDATE sqlite_master name
    UPDATE sqlite_master tbl_name
    UPDATE sqlite_master rootpage
    UPDATE sqlite_master sql
    READ sqlite_master ROWID
    rows of x: 2
CREATE TABLE x (body); INSERT INTO x SELECT body FROM events
    INSERT sqlite_master
    CREATE_TABLE x
    UPDATE sqlite_master type
    UPDATE sqlite_master name
    UPDATE sqlite_master tbl_name
    UPDATE sqlite_master rootpage
    UPDATE sqlite_master sql
    READ sqlite_master ROWID
    INSERT x
    SELECT
    READ events body
    rows of x: 2
CREATE INDEX by_body ON events (body)
    INSERT sqlite_master
    CREATE_INDEX by_body events
    READ events body
    INSERT sqlite_master
    REINDEX by_body
DROP TABLE events
    DELETE sqlite_master
    DROP_TABLE events
    DELETE events
    DELETE sqlite_master
    READ sqlite_master tbl_name
    READ sqlite_master type
    UPDATE sqlite_master rootpage
    READ sqlite_master rootpage
EOF

PYTHONPATH="$folder/packages" python3 "$folder/questions.py" | tee "$folder/found"
if ! diff "$folder/expected" "$folder/found"; then
    echo "CHANGED: SQLite asks otherwise than described (expected <, found >)" >&2
    exit 1
fi
echo "As described: the name comes second, and nothing is asked about the rows."
