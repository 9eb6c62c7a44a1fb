//! Files of noise: random bytes, and real files with random damage. The importers answer with
//! events, bad rows or a failure; they never panic and always come to an end.
//!
//! `FACTUM_FUZZ_SECONDS` says how long each test goes on (`cargo xtask fuzz` does); without it, a
//! number of rounds that takes a second or two. A failed round prints its seed, and
//! `FACTUM_FUZZ_SEED` starts there.

use std::io::{Cursor, Write};
use std::time::{Duration, Instant};

use clap::Parser;
use fastrand::Rng;

use super::identity::Kind;
use super::source::{Source, Trouble};
use super::{
    CsvColumns, CsvSource, Decoding, Input, JsonlSource, TenantRule, TimeOptions, XesKeys,
    XesSource, encoding,
};
use crate::outcome::Failure;

const ROUNDS: u64 = 300;

/// Seeds, one after another, for as long as the environment says.
pub(super) fn seeds() -> impl Iterator<Item = u64> {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let end = number("FACTUM_FUZZ_SECONDS").map(|it| Instant::now() + Duration::from_secs(it));
    let first = number("FACTUM_FUZZ_SEED").unwrap_or(1);
    let goes_on = move |seed: &u64| match end {
        Some(end) => Instant::now() < end,
        None => *seed < first + ROUNDS,
    };
    (first..).take_while(goes_on)
}

/// Says which seed it was, if the round fails.
pub(super) struct Round(pub(super) u64);

impl Drop for Round {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("FACTUM_FUZZ_SEED={} starts with this round", self.0);
        }
    }
}

/// Options as they are given on the command line.
#[derive(Parser)]
pub(super) struct Options<T: clap::Args> {
    #[command(flatten)]
    pub(super) given: T,
}

pub(super) fn options<T: clap::Args>(words: &[&str]) -> T {
    let line = ["import"].iter().chain(words);
    Options::<T>::try_parse_from(line).expect("the options are sound").given
}

pub(super) fn input(bytes: Vec<u8>, asked: Option<&str>, is_xml: bool) -> Result<Input, Failure> {
    let asked = asked.map(|label| encoding(label).expect("the encoding is known"));
    Input::new("file", Box::new(Cursor::new(bytes)), None, Decoding { asked, is_xml })
}

/// Reads to the end, and checks what comes on the way.
fn drain(mut source: impl Source, bytes: usize) {
    for _ in 0..bytes + 16 {
        match source.next() {
            Ok(None) | Err(Trouble::End(_)) => return drop(source.findings()),
            Err(Trouble::Row(row)) => assert!(!row.to_string().is_empty() && row.rows > 0),
            Ok(Some(item)) => {
                assert!(item.line > 0, "{item:?}");
                let payload = serde_json::from_slice::<serde_json::Value>(&item.event.payload);
                assert!(
                    source.kind() == Kind::Lines || payload.is_ok(),
                    "{:?}",
                    item.event.payload
                );
            }
        }
    }
    panic!("{bytes} bytes give more rows than there are bytes");
}

/// A file that nobody would write.
fn noise(rng: &mut Rng, samples: &[&str], words: &[&str]) -> Vec<u8> {
    let mut bytes = match rng.u8(..10) {
        0 => (0..rng.usize(..200)).map(|_| rng.u8(..)).collect(),
        _ => samples[rng.usize(..samples.len())].as_bytes().to_vec(),
    };
    for _ in 0..rng.usize(..8) {
        let (from, to) = (rng.usize(..=bytes.len()), rng.usize(..=bytes.len()));
        let range = from.min(to)..from.max(to).min(from.min(to) + 40);
        match rng.u8(..6) {
            0 => drop(bytes.drain(range)),
            1 => bytes.extend_from_within(range),
            2 => bytes.truncate(from),
            3 if from < bytes.len() => bytes[from] ^= 1 << rng.u8(..8),
            4 => {
                let copy = bytes[range].to_vec();
                bytes.splice(to..to, copy);
            }
            _ => {
                let word = words[rng.usize(..words.len())].bytes();
                bytes.splice(from..from, word);
            }
        }
    }
    packed(rng, bytes)
}

/// The bytes as they are, or in another encoding, or in gzip that may be cut short.
fn packed(rng: &mut Rng, bytes: Vec<u8>) -> Vec<u8> {
    match rng.u8(..8) {
        0 => {
            let text = String::from_utf8_lossy(&bytes);
            "\u{feff}"
                .encode_utf16()
                .chain(text.encode_utf16())
                .flat_map(u16::to_le_bytes)
                .collect()
        }
        1 => [b"\xef\xbb\xbf", &bytes[..]].concat(),
        2 => {
            let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            gzip.write_all(&bytes).expect("memory is written");
            let mut packed = gzip.finish().expect("memory is written");
            packed.truncate(packed.len() - rng.usize(..2) * rng.usize(..=packed.len()));
            packed
        }
        _ => bytes,
    }
}

const WORDS: [&str; 30] = [
    "\"",
    ",",
    "\n",
    "\r",
    "\r\n",
    "\0",
    "\u{feff}",
    "<",
    ">",
    "&",
    "&#10;",
    "&x;",
    "/",
    "</event>",
    "<event>",
    "<!--",
    "<![CDATA[",
    "xmlns:x=\"urn:x\"",
    "<x:y>",
    "encoding=\"utf-16\"",
    "{",
    "}",
    "[",
    "\\ud800",
    "null",
    "1e999",
    "24:00:00",
    "9999-12-31T23:59:59Z",
    "[Europe/Berlin]",
    "-",
];

const CSV: [&str; 2] = [
    include_str!("../../tests/fixtures/odd.csv"),
    "case:concept:name;concept:name;time:timestamp\ra;\"x\ry\";1710037800\r",
];
const LINES: [&str; 2] = [
    include_str!("../../tests/fixtures/foreign.jsonl"),
    "{\"stream\":\"a/b\",\"type\":\"t\",\"payload\":{},\"position\":7,\
      \"id\":\"f81d4fae-7dec-81d0-a765-00a0c91e6bf6\",\"tags\":[\"a:b\"],\
      \"claims\":[{\"take\":\"a:b\"}],\"metadata\":{\"k\":\"v\"},\"recorded_at\":\"-5us\"}\n",
];
const XES: [&str; 2] = [
    include_str!("../../tests/fixtures/odd.xes"),
    "<?xml version='1.0' encoding='utf-8'?><x:log xmlns:x='http://www.xes-standard.org/'>\
      <x:trace><x:event><x:string key='concept:name' value='a&#10;b'/>\
      <x:date key='time:timestamp' value='2024-01-01'/></x:event></x:trace></x:log>",
];

const TIMES: [&[&str]; 4] = [
    &[],
    &["--time-zone", "Europe/Berlin"],
    &["--time-format", "epoch-s", "--time-format", "%d.%m.%Y %H:%M %z"],
    &["--time-zone", "America/New_York", "--ambiguous-times", "later"],
];

#[test]
fn fuzz_csv() {
    for seed in seeds() {
        let _round = Round(seed);
        let rng = &mut Rng::with_seed(seed);
        let bytes = noise(rng, &CSV, &WORDS);
        let length = bytes.len() * 400; // Of gzip, the text that it may hold.
        let mut words = TIMES[rng.usize(..TIMES.len())].to_vec();
        words.extend(["--delimiter", [",", ";", "TAB"][rng.usize(..3)]]);
        words.extend(["--quote", ["\"", "'", "none"][rng.usize(..3)]]);
        let columns: CsvColumns = options(&words);
        let asked = rng.bool().then_some("windows-1252");
        let Ok(input) = input(bytes, asked, false) else { continue };
        if let Ok(source) = CsvSource::new(input, &columns) {
            drain(source, length);
        }
    }
}

#[test]
fn fuzz_json_lines() {
    for seed in seeds() {
        let _round = Round(seed);
        let rng = &mut Rng::with_seed(seed);
        let bytes = noise(rng, &LINES, &WORDS);
        let length = bytes.len() * 400;
        let times: TimeOptions = options(TIMES[rng.usize(..TIMES.len())]);
        let rule = if rng.bool() { TenantRule::Keep } else { TenantRule::Ignore };
        let Ok(input) = input(bytes, None, false) else { continue };
        drain(JsonlSource::new(input, rule, times), length);
    }
}

#[test]
fn fuzz_xes() {
    for seed in seeds() {
        let _round = Round(seed);
        let rng = &mut Rng::with_seed(seed);
        let bytes = noise(rng, &XES, &WORDS);
        let length = bytes.len() * 400;
        let mut words = TIMES[rng.usize(..TIMES.len())].to_vec();
        words.extend(["--shared-names", ["merge", "number", "refuse"][rng.usize(..3)]]);
        words.extend(["--unnamed-traces", ["refuse", "number"][rng.usize(..2)]]);
        words.extend(["--tag-key", "concept:name=t", "--correlation-key", "concept:name"]);
        let keys: XesKeys = options(&words);
        let Ok(input) = input(bytes, None, true) else { continue };
        if let Ok(source) = XesSource::new(input, &keys) {
            drain(source, length);
        }
    }
}
