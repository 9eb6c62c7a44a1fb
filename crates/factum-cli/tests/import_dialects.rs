//! Files as other programs write them: marks, encodings, quotes, line ends, times.

mod common;

use common::{Rig, json, lines};

const HEADINGS: &str = "case:concept:name,concept:name,time:timestamp";

fn utf16(text: &str) -> Vec<u8> {
    "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

#[test]
fn a_quote_that_stays_open_is_an_error_at_the_line_where_it_opens() {
    let rig = Rig::new();
    let rows =
        ["a,start,2024-01-01", "a,\"step,2024-01-02", "a,x,2024-01-03", "", "b,y,2024-01-04"];
    rig.write("open.csv", &format!("{HEADINGS}\n{}\n", rows.join("\n")));
    let message = rig.fails(5, "import csv open.csv");
    assert!(
        message.contains("line 3: expected the quote that opens here to be closed"),
        "{message}"
    );
    assert_eq!(json(&rig.ok("--json store stats"))["events"], 1);
    let skipped = json(&rig.ok("--json import csv open.csv --on-error skip"));
    assert_eq!((&skipped["stored"], &skipped["skipped"]), (&0.into(), &3.into()), "{skipped}");
    assert!(skipped["bad_rows"][0].as_str().unwrap().contains("3 rows from there on"));
    rig.write("tsv.csv", &format!("{HEADINGS}\na,\"quoted\",2024-01-05\na,\"step,2024-01-06\n"));
    rig.ok("import csv tsv.csv --quote none");
    assert!(rig.ok("events search --json").contains(r#""type":"\"step""#));
    rig.write("headings.csv", &format!("{HEADINGS},\"note\na,b,c,d\n"));
    assert!(rig.fails(5, "import csv headings.csv").contains("line 1: expected the quote"));
}

#[test]
fn marks_are_no_data_and_utf16_is_read() {
    let rig = Rig::new();
    rig.write("bom.csv", &format!("\u{feff}\"id\",{HEADINGS}\n7,a,x,2024-01-01\n"));
    rig.write("bom.jsonl", "\u{feff}{\"stream\":\"b/1\",\"type\":\"t\",\"payload\":{}}\r\n");
    rig.write("bom.xes", "\u{feff}<log></log>");
    rig.ok("import csv bom.csv");
    rig.ok("import jsonl bom.jsonl");
    rig.ok("import xes bom.xes");
    let events = lines(&rig.ok("events search --json"));
    assert_eq!(
        events[0]["payload"],
        serde_json::json!({ "id": "7", "time:timestamp": "2024-01-01" })
    );
    assert_eq!(events[1]["stream"], "b/1");
    let csv = format!("{HEADINGS}\na,Prüfung,2024-02-01\n").replace(',', "\t");
    std::fs::write(rig.path("wide.csv"), utf16(&csv)).unwrap();
    for word in ["TAB", "\\t"] {
        rig.ok(&format!("import csv wide.csv --delimiter {word}"));
    }
    let found = rig.ok("events search --type Prüfung --json");
    assert_eq!(lines(&found).len(), 1);
}

#[test]
fn code_pages_are_read_by_option_and_other_bytes_are_bad_rows() {
    let rig = Rig::new();
    let csv = [HEADINGS.as_bytes(), b"\na,Pr\xfcfung,2024-01-01\na,b,2024-01-01\n"].concat();
    std::fs::write(rig.path("page.csv"), csv).unwrap();
    let message = rig.fails(5, "import csv page.csv");
    assert!(message.contains("line 2, column concept:name: expected UTF-8"), "{message}");
    assert!(message.contains("--encoding"), "{message}");
    assert_eq!(json(&rig.ok("--json import csv page.csv --on-error skip"))["skipped"], 1);
    rig.ok("import csv page.csv --encoding windows-1252");
    assert_eq!(lines(&rig.ok("events search --type Prüfung --json")).len(), 1);
    rig.fails(2, "import csv page.csv --encoding klingon");
    std::fs::write(rig.path("wide.csv"), utf16(HEADINGS)).unwrap();
    rig.fails(5, "import csv wide.csv --encoding utf-8");
}

#[test]
fn xml_is_read_as_it_is_declared_and_by_namespace() {
    let rig = Rig::new();
    let trace = |prefix: &str| {
        let string =
            |value: &str| format!("<{prefix}string key=\"concept:name\" value=\"{value}\"/>");
        format!(
            "<{prefix}trace>{}<{prefix}event>{}<{prefix}date key=\"time:timestamp\" \
             value=\"2024-01-01\"/><o:note xmlns:o=\"urn:o\"><event/></o:note></{prefix}event></{prefix}trace>",
            string("1"),
            string("Pr\u{fc}fung")
        )
    };
    let latin = format!("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><log>{}</log>", trace(""));
    std::fs::write(rig.path("latin.xes"), latin.chars().map(|it| it as u8).collect::<Vec<_>>())
        .unwrap();
    let wide = format!("<?xml version=\"1.0\" encoding=\"UTF-16\"?><log>{}</log>", trace(""));
    std::fs::write(rig.path("wide.xes"), utf16(&wide)).unwrap();
    let names = "xmlns:xes=\"http://www.xes-standard.org/\"";
    rig.write("names.xes", &format!("<xes:log {names}>{}</xes:log>", trace("xes:")));
    for file in ["latin", "wide", "names"] {
        let said = rig.ok(&format!("--store sqlite:{file}.db import xes {file}.xes"));
        assert!(said.contains("left out: 1 element of another namespace"), "{said}");
        let events = lines(&rig.ok(&format!("--store sqlite:{file}.db events search --json")));
        assert_eq!(events.len(), 1, "{file}");
        assert_eq!(events[0]["type"], "Prüfung", "{file}");
    }
    rig.write("prefix.xes", "<log>\n<x:trace></x:trace></log>");
    assert!(rig.fails(5, "import xes prefix.xes").contains("line 2: expected a declared prefix"));
    rig.write("wrong.xes", "<?xml version='1.0' encoding='utf-16'?><log></log>");
    assert!(rig.fails(5, "import xes wrong.xes").contains("--encoding"));
    rig.ok("import xes wrong.xes --encoding utf-8");
}

#[test]
fn line_breaks_in_names_become_spaces_and_stay_in_the_payload() {
    let rig = Rig::new();
    rig.write("log.csv", &format!("{HEADINGS}\na,\"Check\r\n ticket\",2024-01-01T00:00:00Z\n"));
    rig.ok("import csv log.csv");
    let events = lines(&rig.ok("events search --json"));
    assert_eq!(events[0]["type"], "Check ticket");
    assert_eq!(events[0]["payload"]["concept:name"], "Check\r\n ticket");
    // A line names its type itself, and its payload has no room for another text.
    for name in ["Check\\nticket", " Check"] {
        let line = format!("{{\"stream\":\"a/b\",\"type\":\"{name}\",\"payload\":{{}}}}\n");
        rig.write("log.jsonl", &line);
        assert!(rig.fails(5, "import jsonl log.jsonl").contains("line 1, column type"));
    }
}

#[test]
fn lines_are_counted_whatever_ends_them() {
    let rig = Rig::new();
    let event = "{\"stream\":\"a/b\",\"type\":\"t\",\"payload\":{}}";
    let trace = "<log>\n<trace>\n<event>\n</event></trace></log>";
    for end in ["\n", "\r", "\r\n"] {
        rig.write("log.csv", &[HEADINGS, "a,x,2024-01-01", "", "b,x,yesterday", ""].join(end));
        assert!(rig.fails(5, "import csv log.csv").contains("line 4"), "{end:?}");
        rig.write("log.jsonl", &[event, "", "{\"stream\":"].join(end));
        assert!(rig.fails(5, "import jsonl log.jsonl").contains("line 3"), "{end:?}");
        rig.write("log.xes", &trace.replace('\n', end));
        assert!(rig.fails(5, "import xes log.xes").contains("line 3"), "{end:?}");
    }
}

#[test]
fn times_are_read_as_the_options_say() {
    let rig = Rig::new();
    let times = |options: &str, text: &str| {
        rig.write("log.csv", &format!("{HEADINGS}\na,x,\"{text}\"\n"));
        let folder = format!("sqlite:{}.db", text.len() * 1_000 + options.len());
        let mut command = rig.command(&format!("--store {folder} import csv log.csv"));
        command.args(options.split('|').filter(|it| !it.is_empty()));
        let ran = common::ran(command.output().unwrap());
        if ran.code != Some(0) {
            return ran.stderr;
        }
        let events = lines(&rig.ok(&format!("--store {folder} events search --json")));
        events[0]["recorded_at"].as_str().unwrap().to_owned()
    };
    assert_eq!(times("", "2024-03-10T24:00:00Z"), "2024-03-11T00:00:00Z");
    assert_eq!(times("", "9999-12-31T23:59:59.999999Z"), "9999-12-31T23:59:59.999999Z");
    assert_eq!(times("--time-format|epoch-ms", "1710037800000"), "2024-03-10T02:30:00Z");
    assert_eq!(times("--time-format|%d-%m-%Y %H:%M", "10-03-2024 02:30"), "2024-03-10T02:30:00Z");
    let berlin = "--time-zone|Europe/Berlin";
    assert_eq!(times(berlin, "2024-07-10 02:30:00"), "2024-07-10T00:30:00Z");
    assert_eq!(times("", "2024-07-10T02:30[America/New_York]"), "2024-07-10T06:30:00Z");
    let wrong = times("", "2024-07-10T02:30:00-01:00[America/New_York]");
    assert!(wrong.contains("line 2, column time:timestamp"), "{wrong}");
    let offset = "expected an offset that America/New_York has at that time, found -01";
    assert!(wrong.contains(offset), "{wrong}");
    let never = times("", "2024-03-10T02:30:00-05:00[America/New_York]");
    let exists = "expected a time that exists in America/New_York";
    assert!(never.contains(exists), "{never}");
    for (options, text) in [
        ("", "9999-12-31T23:59:59-05:00"),
        ("", "9999-12-31T23:59:59-05:00[America/New_York]"),
        ("--time-zone|America/New_York", "9999-12-31T23:59:59"),
        ("--time-format|%F %T %z", "9999-12-31 23:59:59 -0500"),
        ("--time-format|epoch-s", "253402300800"),
    ] {
        let late = times(options, text);
        assert!(late.contains("before the year 10000"), "{options} {text}: {late}");
    }
    let pattern = times("--time-format|%d-%m-%Y", "2024/01/01");
    let expected = "expected a time as \"%d-%m-%Y\", found \"2024/01/01\"\n";
    assert!(pattern.contains(expected), "{pattern}");
    let twice = times(berlin, "2024-10-27T02:30:00");
    assert!(twice.contains("Europe/Berlin") && twice.contains("--ambiguous-times"), "{twice}");
    assert!(times("--time-zone|Mars/Base", "2024-01-01").contains("Mars/Base"));
    let line =
        "{\"stream\":\"a/b\",\"type\":\"t\",\"payload\":{},\"recorded_at\":\"1710037800\"}\n";
    rig.write("log.jsonl", line);
    rig.ok("import jsonl log.jsonl --time-format epoch-s");
    assert_eq!(lines(&rig.ok("events search --json"))[0]["recorded_at"], "2024-03-10T02:30:00Z");
}
