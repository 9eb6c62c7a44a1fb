//! Names, codecs and lines under whatever bytes there are: an error or what was said, never a panic
//! and never without end. Seeded: `FACTUM_FUZZ_SEED` starts the same rounds again.
//!
//! A small number of rounds, or as many as fit in `FACTUM_FUZZ_SECONDS`, which `cargo xtask fuzz` sets.

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::collections::BTreeMap;
use std::fmt::{Debug, Display};
use std::str::FromStr;
use std::time::{Duration, Instant};

use factum_core::codec::{Payload, encode_value, encode_variant, recode};
use factum_core::{
    Category, CausationId, Claim, Codec, CommandDigest, CommandId, CommandTarget, CorrelationId,
    EventId, EventType, OwnerId, Principal, StreamId, SubscriptionName, Tag, TenantId, Timestamp,
    jsonl, limits,
};
use fastrand::Rng;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

/// Rounds of each test where no time is given.
const ROUNDS: u64 = 3_000;

/// Runs `round` with seeds that follow one another, and says at which one it failed.
fn rounds(name: &str, mut round: impl FnMut(&mut Rng)) {
    let number = |name| std::env::var(name).ok().map(|it| it.parse::<u64>().expect("a number"));
    let first = number("FACTUM_FUZZ_SEED").unwrap_or(1);
    let end = number("FACTUM_FUZZ_SECONDS").map(|it| Instant::now() + Duration::from_secs(it));
    let goes_on = |made| end.map_or(made < ROUNDS, |end| made == 0 || Instant::now() < end);
    let mut made = 0;
    while goes_on(made) {
        let seed = first + made;
        let failed = Failing(name, seed);
        round(&mut Rng::with_seed(seed));
        drop(failed);
        made += 1;
    }
    println!("{name}: {made} rounds from seed {first}");
}

/// Names the seed of a round that panics.
struct Failing<'a>(&'a str, u64);

impl Drop for Failing<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{} failed at FACTUM_FUZZ_SEED={}", self.0, self.1);
        }
    }
}

/// A text of letters that names like, dislike, or have never seen, at times at the very limit.
fn text(rng: &mut Rng) -> String {
    const ODD: [&str; 22] = [
        "/",
        ":",
        ".",
        "-",
        "_",
        " ",
        "\0",
        "\n",
        "\u{7f}",
        "\u{85}",
        "\u{a0}",
        "\u{200d}",
        "\u{feff}",
        "\u{1f}",
        "ß",
        "Σ",
        "İ",
        "\u{345}",
        "ﷺ",
        "\u{10ffff}",
        "\u{2028}",
        "🦀",
    ];
    let length = match rng.u8(..10) {
        0 => 0,
        1 => *rng.choice(&[64, 128, 256, 512]).unwrap() + rng.usize(..3) - 1,
        2 => rng.usize(..2_000),
        _ => rng.usize(..20),
    };
    let mut text = String::new();
    while text.len() < length {
        match rng.u8(..12) {
            0 => text.push_str(ODD[rng.usize(..ODD.len())]),
            1 => text.push(rng.char(..)),
            _ => text.push(rng.alphanumeric()),
        }
    }
    text
}

/// A name that is taken is the one that was given, within its limit, and one line.
fn check<T: FromStr + Display + PartialEq + Debug>(text: &str, bytes_max: usize)
where
    T::Err: Display,
{
    match text.parse::<T>() {
        Ok(name) => {
            assert_eq!(name.to_string(), text);
            assert!((1..=bytes_max).contains(&text.len()), "{text:?}");
            assert!(!text.contains(char::is_control), "{text:?}");
        }
        Err(error) => assert!(error.to_string().len() < 1_000, "{error}"),
    }
}

#[test]
fn fuzz_names_are_taken_as_they_are_or_refused() {
    rounds("names", |rng| {
        let (one, other) = (text(rng), text(rng));
        for text in [&one, &format!("{one}/{other}"), &format!("{one}:{other}")] {
            check::<Category>(text, limits::CATEGORY_BYTES_MAX);
            check::<TenantId>(text, limits::TENANT_BYTES_MAX);
            check::<EventType>(text, limits::EVENT_TYPE_BYTES_MAX);
            check::<CommandId>(text, limits::COMMAND_BYTES_MAX);
            check::<CommandTarget>(text, limits::COMMAND_BYTES_MAX);
            check::<CorrelationId>(text, limits::CONTEXT_BYTES_MAX);
            check::<CausationId>(text, limits::CONTEXT_BYTES_MAX);
            check::<Principal>(text, limits::CONTEXT_BYTES_MAX);
            check::<SubscriptionName>(text, limits::SUBSCRIPTION_BYTES_MAX);
            check::<OwnerId>(text, limits::OWNER_BYTES_MAX);
            let stream = limits::CATEGORY_BYTES_MAX + 1 + limits::STREAM_ID_BYTES_MAX;
            check::<StreamId>(text, stream);
            check::<Tag>(text, limits::TAG_NAME_BYTES_MAX + 1 + limits::TAG_VALUE_BYTES_MAX);
            let _ = (text.parse::<EventId>(), text.parse::<Timestamp>(), text.parse::<Codec>());
        }
        let parts = (Tag::new(&one, &other), StreamId::new(&one, &other));
        if let (Ok(tag), Ok(stream)) = parts {
            assert_eq!((tag.name(), tag.value()), (&*one, &*other));
            assert_eq!((stream.category(), stream.id()), (&*one, &*other));
        }
    });
}

#[test]
fn fuzz_claims_fold_once() {
    rounds("claims", |rng| {
        let Ok(claim) = Claim::new("value", &text(rng)) else { return };
        let Ok(folded) = claim.clone().normalized() else { return };
        assert_eq!(folded.clone().normalized(), Ok(folded.clone()));
        for cased in [claim.value().to_uppercase(), claim.value().to_lowercase()] {
            // Turkish letters without a dot change their letter with their case.
            if let Ok(cased) = Claim::new("value", &cased).and_then(Claim::normalized)
                && !claim.value().contains(['İ', 'ı'])
            {
                assert_eq!(cased, folded, "{:?} {cased:?}", claim.value());
            }
        }
        assert_eq!(claim.hashed(&[7; 32]).value().len(), 64);
    });
}

#[derive(Serialize, Deserialize, Debug, PartialEq, Clone)]
enum Shape {
    Nothing,
    Number { of: u64, small: i8, real: f64 },
    Text(String),
    Many { of: Vec<Shape>, by: BTreeMap<String, Option<i64>> },
}

fn shape(rng: &mut Rng, depth: u8) -> Shape {
    match rng.u8(..4) {
        0 => Shape::Nothing,
        1 => Shape::Number { of: rng.u64(..), small: rng.i8(..), real: f64::from(rng.f32()) },
        2 => Shape::Text(text(rng)),
        _ if depth == 0 => Shape::Nothing,
        _ => Shape::Many {
            of: (0..rng.u8(..3)).map(|_| shape(rng, depth - 1)).collect(),
            by: (0..rng.u8(..3)).map(|_| (text(rng), rng.bool().then(|| rng.i64(..)))).collect(),
        },
    }
}

/// Changes, cuts, repeats and nests.
fn spoil(rng: &mut Rng, bytes: &mut Vec<u8>) {
    for _ in 0..rng.u8(..4) {
        let place = rng.usize(..=bytes.len());
        match rng.u8(..6) {
            0 => bytes.truncate(place),
            1 => bytes.insert(place, rng.u8(..)),
            2 if place < bytes.len() => bytes[place] ^= 1 << rng.u8(..8),
            3 if place < bytes.len() => {
                let from = rng.usize(..=place);
                let part = bytes[from..=place].to_vec();
                bytes.splice(place..place, part);
            }
            4 if rng.u8(..20) == 0 => {
                // Arrays in arrays, in JSON or in CBOR, with a length or without.
                let open = *rng.choice(b"[{\x81\x9f\xa1\xbf\xc0").unwrap();
                bytes.splice(place..place, std::iter::repeat_n(open, rng.usize(..100_000)));
            }
            _ => {
                // What claims to be long.
                let kind = *rng.choice(&[0x5b, 0x7b, 0x9b, 0xbb, 0xdb]).unwrap();
                let length = rng.u64(..).to_be_bytes();
                bytes.splice(place..place, [kind].into_iter().chain(length));
            }
        }
    }
}

fn payload(codec: Codec, bytes: &[u8]) -> Payload<'_> {
    Payload::Bytes { codec, bytes }
}

#[test]
fn fuzz_payloads_are_read_as_they_were_written_or_refused() {
    rounds("codecs", |rng| {
        let codec = *rng.choice(&[Codec::Json, Codec::Cbor]).unwrap();
        let other = if codec == Codec::Json { Codec::Cbor } else { Codec::Json };
        let written = shape(rng, 3);
        CommandDigest::of(&written).unwrap();
        let (mut whole, mut variant) = (Vec::new(), Vec::new());
        encode_value(&written, codec, &mut whole).unwrap();
        encode_variant(&written, codec, &mut variant).unwrap();
        assert_eq!(payload(codec, &whole).value::<Shape>().unwrap(), written);
        let recoded = recode(&whole, codec, other).unwrap();
        assert_eq!(payload(other, &recoded).value::<Shape>().unwrap(), written);

        for bytes in [&mut whole, &mut variant] {
            spoil(rng, bytes);
            for codec in Codec::ALL {
                let _ = payload(codec, bytes).value::<Shape>();
                let _ = payload(codec, bytes).value::<serde_json::Value>();
                let _ = payload(codec, bytes).nothing();
                for name in ["Nothing", "Number", "Text", "Many"] {
                    let _ = payload(codec, bytes).variant::<Shape>(name);
                }
                for to in Codec::ALL {
                    if let Ok(again) = recode(bytes, codec, to) {
                        assert!(payload(to, &again).value::<IgnoredAny>().is_ok());
                    }
                }
            }
        }
    });
}

#[test]
fn fuzz_lines_are_read_as_they_were_written_or_refused() {
    let full = br#"{"position":7,"tenant":"t","stream":"account/ann","revision":3,"recorded_at":
        "2024-02-29T23:59:59.999999Z","id":"018e4f0e-0000-7000-8000-000000000001","type":"a.b",
        "schema_version":2,"codec":"json","tags":["x:y"],"claims":[{"take":"n:v"},{"release":"n:w"}],
        "correlation":"c","causation":"d","principal":"p","metadata":{"k":"v"},"payload":{"a":[1]}}"#;
    let short = br#"{"stream":"s/1","type":"t","payload_base64":"AAEC/w==","codec":"opaque"}"#;
    rounds("lines", |rng| {
        let mut line = if rng.bool() { full.to_vec() } else { short.to_vec() };
        spoil(rng, &mut line);
        let Ok(read) = jsonl::parse(&line) else { return };
        let Ok(event) = read.into_recorded(rng.u64(1..)) else { return };
        let mut written = Vec::new();
        jsonl::write_line(&mut written, &event).unwrap();
        let again = jsonl::parse(&written).unwrap().into_recorded(event.position.get()).unwrap();
        assert_eq!(again, event);
    });
}
