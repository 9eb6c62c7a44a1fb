//! Rows that a store refuses are bad rows: named, left out where that is asked for, and the rows
//! around them are stored.

mod common;

use common::{Rig, json, lines};

const HEADINGS: &str = "case:concept:name,concept:name,time:timestamp";

#[test]
fn a_row_of_a_deleted_case_is_named_and_left_out() {
    let rig = Rig::new();
    rig.ok("append user/1 made");
    rig.ok("streams delete user/1 --reason x --yes");
    let rows = ["0,x,2024-01-01", "1,made2,2024-01-01", "3,x,2024-01-01", "1,made3,2024-01-01"];
    rig.write("log.csv", &format!("{HEADINGS}\n{}\n", rows.join("\n")));
    let message = rig.fails(5, "import csv log.csv --category user");
    assert!(message.contains("log.csv, line 3: ") && message.contains("user/1"), "{message}");
    assert_eq!(lines(&rig.ok("events search --type x --json")).len(), 1, "what came before it");
    let skip = "--json import csv log.csv --category user --on-error skip";
    let said = json(&rig.ok(skip));
    assert_eq!((&said["stored"], &said["skipped"]), (&1.into(), &2.into()), "{said}");
    assert!(said["bad_rows"][0].as_str().unwrap().starts_with("line 3: "), "{said}");
    assert_eq!(json(&rig.ok(skip))["stored"], 0);
    assert_eq!(lines(&rig.ok("events search --type x --json")).len(), 2);
}

#[test]
fn lines_that_a_store_refuses_are_left_out_one_by_one() {
    let rig = Rig::new();
    let line = |stream: &str, more: &str| {
        format!("{{\"stream\":\"{stream}\",\"type\":\"t\",\"payload\":{{}}{more}}}\n")
    };
    let large = "x".repeat(5 << 20);
    let claim = ",\"claims\":[{\"take\":\"email:a\"}]";
    let truncated = "{\"stream\":\"a/6\",\"type\":\"factum.stream-truncated\",\
                      \"payload\":{\"before\":9,\"reason\":\"r\"}}\n";
    let mut file = String::new();
    for number in 0..60 {
        file += &line(&format!("a/{number}"), "");
        let bad = match number {
            5 | 20 | 21 => line(&format!("a/{number}"), claim),
            6 => truncated.to_owned(),
            7 => line("a/7", &format!(",\"metadata\":{{\"k\":\"{large}\"}}")),
            8 => format!("{{\"x\":\"{}\"}}\n", large.repeat(4)),
            _ => String::new(),
        };
        file.push_str(&bad);
    }
    rig.write("log.jsonl", &file);
    let skip = "--json import jsonl log.jsonl --on-error skip";
    let said = json(&rig.ok(skip));
    assert_eq!((&said["stored"], &said["skipped"]), (&61.into(), &5.into()), "{said}");
    let again = json(&rig.ok(skip));
    assert_eq!((&again["stored"], &again["skipped"]), (&0.into(), &5.into()), "{again}");
    let message = rig.fails(5, "--store sqlite:other.db import jsonl log.jsonl");
    assert!(message.contains("log.jsonl, line "), "{message}");
}

#[test]
fn a_bad_value_in_xes_is_one_bad_row() {
    let rig = Rig::new();
    let event = |name: &str, more: &str| {
        format!(
            "<event><string key='concept:name' value='{name}'/>{more}\
             <date key='time:timestamp' value='2024-01-01'/></event>\n"
        )
    };
    let deep = format!("{}{}", "<string key='k' value='v'>".repeat(99), "</string>".repeat(99));
    let events = [
        event("a", ""),
        event("b", "<string key='k' value='&nbsp;'/>"),
        event("c", &deep),
        event("d", ""),
    ];
    let name = "<string key='concept:name' value='1'/>";
    let long = format!("<string key='concept:name' value='{}'/>", "n".repeat(300));
    rig.write(
        "log.xes",
        &format!(
            "<log>\n<trace>{name}\n{}</trace><trace>{long}{}</trace></log>",
            events.concat(),
            event("e", "")
        ),
    );
    let message = rig.fails(5, "import xes log.xes");
    assert!(message.contains("log.xes, line 4: "), "{message}");
    let said = json(&rig.ok("--json import xes log.xes --on-error skip"));
    assert_eq!((&said["stored"], &said["skipped"]), (&1.into(), &3.into()), "{said}");
}
