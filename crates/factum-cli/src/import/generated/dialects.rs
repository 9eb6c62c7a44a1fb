//! The same rows in many dialects: delimiters, quotes, line ends, encodings, prefixes.

use std::collections::BTreeMap;
use std::fmt::Write;

use fastrand::Rng;

use super::super::fuzz::{Round, input, options, seeds};
use super::super::names::presentable;
use super::super::source::{Item, Source};
use super::super::{
    CsvColumns, CsvSource, JsonlSource, TenantRule, TimeOptions, XesKeys, XesSource,
};

/// A row: case, type, and two fields of its own.
type Row = [String; 4];

/// Encodings, with letters that each of them can write.
const ENCODINGS: [(&str, &str); 7] = [
    ("utf-8", "äß😀日"),
    ("utf-8 with a mark", "äß😀日"),
    ("utf-16le", "äß😀日"),
    ("utf-16be", "äß😀日"),
    ("windows-1252", "äß€"),
    ("koi8-r", "яЖ"),
    ("shift_jis", "日本"),
];

fn text(rng: &mut Rng, letters: &str) -> String {
    let letters: Vec<char> = letters.chars().chain("abc,;\t|\"'<>&\n \r".chars()).collect();
    let length = rng.usize(1..8);
    (0..length).map(|_| letters[rng.usize(..letters.len())]).collect()
}

fn rows(rng: &mut Rng, letters: &str) -> Vec<Row> {
    let count = rng.usize(..12);
    let name = |rng: &mut Rng| format!("n{}", text(rng, letters));
    (0..count).map(|_| [name(rng), name(rng), text(rng, letters), text(rng, letters)]).collect()
}

fn encoded(text: &str, label: &str) -> Vec<u8> {
    let marked = || "\u{feff}".encode_utf16().chain(text.encode_utf16());
    match label {
        "utf-8" => text.into(),
        "utf-8 with a mark" => format!("\u{feff}{text}").into(),
        "utf-16le" => marked().flat_map(u16::to_le_bytes).collect(),
        "utf-16be" => marked().flat_map(u16::to_be_bytes).collect(),
        _ => {
            let (bytes, _, lost) = super::super::encoding(label).unwrap().encode(text);
            assert!(!lost, "{text:?} in {label}");
            bytes.into_owned()
        }
    }
}

fn all(mut source: impl Source) -> Vec<Item> {
    let items = std::iter::from_fn(|| source.next().unwrap());
    items.collect()
}

/// Names are made presentable; the texts stand in the payload as they were, unless the name says
/// it all. `text` is what the format makes of a text before an importer sees it.
fn check(rows: &[Row], items: &[Item], text: impl Fn(&str) -> String) {
    assert_eq!(rows.len(), items.len());
    assert!(items.is_sorted_by_key(|item| item.line));
    for ([case, kind, one, two], item) in rows.iter().zip(items) {
        let (kind, payload) = (text(kind), &item.event.payload);
        assert_eq!(item.stream.id(), presentable(&text(case)));
        assert_eq!(item.event.event_type.as_str(), presentable(&kind));
        let payload: BTreeMap<String, serde_json::Value> = serde_json::from_slice(payload).unwrap();
        let written = |key: &str| payload.get(key).map(|it| it.as_str().unwrap().to_owned());
        assert_eq!(written("concept:name"), (kind != presentable(&kind)).then_some(kind));
        assert_eq!((written("one"), written("two")), (Some(text(one)), Some(text(two))));
    }
}

fn csv(rng: &mut Rng, rows: &[Row], delimiter: char, end: &str) -> String {
    let always = rng.bool();
    let line = |fields: [&str; 5]| {
        let quoted = fields.map(|field| {
            let must = field.contains([delimiter, '"', '\n', '\r']);
            if must || always {
                format!("\"{}\"", field.replace('"', "\"\""))
            } else {
                field.into()
            }
        });
        quoted.join(&delimiter.to_string())
    };
    let mut lines =
        vec![line(["case:concept:name", "concept:name", "time:timestamp", "one", "two"])];
    for [case, kind, one, two] in rows {
        lines.push(line([case, kind, "2024-01-01T00:00:00Z", one, two]));
        lines.extend((rng.u8(..5) == 0).then(String::new));
    }
    lines.join(end) + if rng.bool() { end } else { "" }
}

#[test]
fn csv_comes_back_from_every_dialect() {
    for seed in seeds() {
        let _round = Round(seed);
        let rng = &mut Rng::with_seed(seed);
        let (label, letters) = ENCODINGS[rng.usize(..ENCODINGS.len())];
        let rows = rows(rng, letters);
        let (delimiter, word) =
            [(',', ","), (';', ";"), ('\t', "\\t"), ('\t', "TAB"), ('|', "|")][rng.usize(..5)];
        let end = ["\n", "\r\n", "\r"][rng.usize(..3)];
        let bytes = encoded(&csv(rng, &rows, delimiter, end), label);
        let asked = encoding_rs::Encoding::for_label(label.as_bytes()).map(|_| label);
        let columns: CsvColumns = options(&["--delimiter", word]);
        let source = CsvSource::new(input(bytes, asked, false).unwrap(), &columns).unwrap();
        check(&rows, &all(source), str::to_owned);
    }
}

#[test]
fn json_lines_come_back_from_every_encoding() {
    for seed in seeds() {
        let _round = Round(seed);
        let rng = &mut Rng::with_seed(seed);
        let (label, letters) = ENCODINGS[rng.usize(..4)];
        // Names in lines are exact.
        let rows: Vec<Row> = rows(rng, letters)
            .into_iter()
            .map(|[case, kind, one, two]| {
                [presentable(&case).into(), presentable(&kind).into(), one, two]
            })
            .collect();
        let end = ["\n", "\r\n", "\r"][rng.usize(..3)];
        let mut file = String::new();
        for [case, kind, one, two] in &rows {
            let payload = serde_json::json!({ "one": one, "two": two });
            let stream = format!("case/{case}");
            let line = serde_json::json!({ "stream": stream, "type": kind, "payload": payload });
            write!(file, "{line}{end}").unwrap();
        }
        let asked = label.starts_with("utf-16").then_some(label);
        let input = input(encoded(&file, label), asked, false).unwrap();
        check(
            &rows,
            &all(JsonlSource::new(input, TenantRule::Ignore, TimeOptions::default())),
            str::to_owned,
        );
    }
}

/// A text in an attribute: with characters as they are, by name or by number.
fn escaped(rng: &mut Rng, text: &str) -> String {
    let mut out = String::new();
    for character in text.chars() {
        match character {
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\r' | '\t' => write!(out, "&#{};", u32::from(character)).unwrap(),
            _ if rng.u8(..4) == 0 => write!(out, "&#x{:x};", u32::from(character)).unwrap(),
            _ => out.push(character),
        }
    }
    out
}

fn xes(rng: &mut Rng, rows: &[Row], declared: Option<&str>) -> String {
    let (prefix, namespace) = [
        ("", ""),
        ("", " xmlns=\"http://www.xes-standard.org/\""),
        ("xes:", " xmlns:xes=\"http://www.xes-standard.org/\""),
        ("", " xmlns=\"urn:logs-of-ours\""),
    ][rng.usize(..4)];
    let mut file = String::new();
    if let Some(label) = declared {
        writeln!(file, "<?xml version=\"1.0\" encoding=\"{label}\"?>").unwrap();
    }
    let foreign = "<o:event xmlns:o=\"urn:o\"><o:string key=\"one\" value=\"other\"/></o:event>";
    write!(file, "<{prefix}log{namespace}>{foreign}").unwrap();
    for [case, kind, one, two] in rows {
        let mut attribute = |key: &str, value: &str| {
            let value = escaped(rng, value);
            format!("<{prefix}string key=\"{key}\" value=\"{value}\"/>\r\n")
        };
        let case = attribute("concept:name", case);
        let (kind, one, two) =
            (attribute("concept:name", kind), attribute("one", one), attribute("two", two));
        let time = format!("<{prefix}date key=\"time:timestamp\" value=\"2024-01-01T00:00:00Z\"/>");
        let event = format!("<{prefix}event>{kind}{one}{foreign}{two}{time}</{prefix}event>");
        write!(file, "<{prefix}trace>{foreign}{case}{event}</{prefix}trace>").unwrap();
    }
    write!(file, "</{prefix}log>").unwrap();
    file
}

#[test]
fn xes_comes_back_from_every_encoding_and_prefix() {
    for seed in seeds() {
        let _round = Round(seed);
        let rng = &mut Rng::with_seed(seed);
        let (label, letters) = ENCODINGS[rng.usize(..ENCODINGS.len())];
        let rows = rows(rng, letters);
        let declared = match label {
            "utf-8" | "utf-8 with a mark" | "utf-16le" | "utf-16be" if rng.bool() => None,
            "utf-8 with a mark" => Some("UTF-8"),
            "utf-16le" | "utf-16be" => Some("UTF-16"),
            other => Some(other),
        };
        let bytes = encoded(&xes(rng, &rows, declared), label);
        let source = XesSource::new(input(bytes, None, true).unwrap(), &options::<XesKeys>(&[]));
        check(&rows, &all(source.unwrap()), str::to_owned);
    }
}
