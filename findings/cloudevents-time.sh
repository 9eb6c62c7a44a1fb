#!/usr/bin/env bash
# The CloudEvents libraries of JavaScript and of Python give an event without a time the time at
# which they read it, and shorten a time that is there.
#
# Versions: npm cloudevents 10.0.0; PyPI cloudevents 2.2.0 (with python-dateutil 2.9.0.post0 and
# six 1.17.0).
#
# Expected: `time` is optional, so an event without it is read as one without it, and written back
# as it came. A time that is there keeps its digits and its offset: the format asks for RFC 3339,
# which sets no limit to the fraction.
# Found: to read one stored event twice gives two events with two times. Both are invented, and
# nothing in them says so. Of 10:00:00.123456789+02:00 JavaScript keeps 08:00:00.123Z, and Python
# 10:00:00.123456+02:00.
#
# Why it matters: an event that comes through a bridge with such a reader differs from itself each
# time: a digest of the whole event does not recognise a second delivery, and its time may be that
# of the copy. Recognise events by source and id, and keep the bytes as they came. After
# JavaScript, all events of one millisecond have one time: only positions order them.
#
# Sources: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md#time ("OPTIONAL");
# https://github.com/cloudevents/sdk-javascript/pull/419, where a maintainer notes that an event
# without a time cannot be made. The description of Python's class CloudEvent says that the time
# is filled in when an event is made; that reading makes one it does not say.
#
# Needs: bash, npm, node, python3 (3.10 or later) with pip.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM

npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$folder" \
    cloudevents@10.0.0 >/dev/null
PIP_ROOT_USER_ACTION=ignore python3 -m pip install --quiet --disable-pip-version-check --no-deps \
    --target "$folder/packages" cloudevents==2.2.0 python-dateutil==2.9.0.post0 six==1.17.0

untimed='{"specversion":"1.0","id":"1","source":"/b","type":"opened","data":{"balance":1}}'
timed=${untimed%,\"data*}',"time":"2024-07-01T10:00:00.123456789+02:00","data":{"balance":1}}'

cat >"$folder/read.js" <<'EOF'
const { HTTP } = require("cloudevents");
const headers = { "content-type": "application/cloudevents+json" };
console.log(JSON.stringify(HTTP.toEvent({ headers, body: process.argv[2] })));
EOF
cat >"$folder/read.py" <<'EOF'
import sys
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

print(JSONFormat().write(JSONFormat().read(CloudEvent, sys.argv[1])).decode())
EOF

javascript() { node "$folder/read.js" "$1"; }
python() { PYTHONPATH="$folder/packages" python3 "$folder/read.py" "$1"; }
time_of() {
    python3 -c 'import json, sys; print(json.loads(sys.argv[1]).get("time", "none"))' "$1"
}

changed=
check() {
    if [ "$2" != "$3" ]; then
        changed=yes
        echo "$1: expected $2, found $3"
    fi
}

# Reads with the function $1 and expects $2 of the time that is there.
look() {
    echo "--- $1 $3"
    local before after first second kept
    before=$(date -u +%Y-%m-%dT%H:%M:%S)
    first=$("$1" "$untimed")
    second=$("$1" "$untimed")
    after=$(date -u +%Y-%m-%dT%H:%M:%S)
    kept=$("$1" "$timed")
    echo "stored:           $untimed"
    echo "read:             $first"
    echo "read once more:   $second"
    echo "stored:           $timed"
    echo "read:             $kept"
    first=$(time_of "$first") second=$(time_of "$second")
    [ "$first" != "$second" ] || check "an event without a time, read twice" "two times" "$first"
    # Invented, and of now: not before the reading began, not after it ended.
    local it
    for it in "$first" "$second"; do
        if [[ "$it" == none || "${it:0:19}" < "$before" || "${it:0:19}" > "$after" ]]; then
            check "time of an event without one" "between $before and $after" "$it"
        fi
    done
    check "time of an event with one" "$2" "$(time_of "$kept")"
}

js=$(node -p 'require(process.argv[1]).version' "$folder/node_modules/cloudevents/package.json")
py=$(cd "$folder/packages" && basename cloudevents-*.dist-info .dist-info)
look javascript 2024-07-01T08:00:00.123Z "cloudevents-$js"
look python 2024-07-01T10:00:00.123456+02:00 "$py"
if [ -n "$changed" ]; then
    echo "CHANGED: the libraries read otherwise than described" >&2
    exit 1
fi
echo "As described: each reading invents a time, and a time that is there is shortened."
