//! A source that is extracted again: what came late, what moved, what is alike.

mod common;

use common::{Rig, json};

const HEADINGS: &str = "case:concept:name,concept:name,time:timestamp";
const DAY_1: [&str; 4] = [
    "a,start,2024-01-01T00:00:00Z",
    "a,check,2024-01-03T00:00:00Z",
    "a,end,2024-01-04T00:00:00Z",
    "b,start,2024-01-02T00:00:00Z",
];
const LATE: &str = "a,late,2024-01-02T00:00:00Z";

fn import(rig: &Rig, rows: &[&str]) -> (u64, u64) {
    rig.write("log.csv", &format!("{HEADINGS}\n{}\n", rows.join("\n")));
    let said = json(&rig.ok("--json import csv log.csv"));
    let number = |name: &str| said[name].as_u64().expect("a number");
    (number("stored"), number("already_stored"))
}

#[test]
fn a_row_that_came_late_is_the_only_one_stored() {
    let rig = Rig::new();
    let [start, rest @ ..] = DAY_1;
    assert_eq!(import(&rig, &DAY_1), (4, 0));
    assert_eq!(import(&rig, &[&[start, LATE], &rest[..]].concat()), (1, 4));
    let mut other_order = [&DAY_1[..], &[LATE]].concat();
    other_order.reverse();
    assert_eq!(import(&rig, &other_order), (0, 5));
    // Two rows alike are two events; a third is a third.
    assert_eq!(import(&rig, &[start, start, LATE]), (1, 2));
    assert_eq!(import(&rig, &[start, LATE, start]), (0, 3));
}

#[test]
fn exports_put_together_are_stored_once() {
    let rig = Rig::new();
    import(&rig, &DAY_1);
    rig.ok("export jsonl all.jsonl");
    rig.ok("export jsonl part.jsonl --after 1");
    let read = |name: &str| std::fs::read_to_string(rig.path(name)).unwrap();
    let (all, part) = (read("all.jsonl"), read("part.jsonl"));
    for (name, text) in [("1", format!("{all}{part}")), ("2", format!("{part}{all}{part}"))] {
        rig.write("both.jsonl", &text);
        let line = format!("--json --store sqlite:copy{name}.db import jsonl both.jsonl");
        assert_eq!(json(&rig.ok(&line))["stored"], 4, "{name}");
        assert_eq!(json(&rig.ok(&line))["stored"], 0, "{name}");
    }
}

#[test]
fn a_changed_row_of_an_import_by_an_earlier_version_is_not_stored_in_silence() {
    let rig = Rig::new();
    // What earlier versions made of a boolean `1` of XES, with an id made of its place.
    rig.write(
        "earlier.jsonl",
        "{\"stream\":\"case/1\",\"type\":\"x\",\"id\":\"f81d4fae-7dec-81d0-a765-00a0c91e6bf6\",\
          \"recorded_at\":\"2024-01-01T00:00:00Z\",\"payload\":{\"b\":\"1\"}}\n",
    );
    rig.ok("import jsonl earlier.jsonl");
    rig.write(
        "log.xes",
        "<log><trace><string key='concept:name' value='1'/><event><boolean key='b' value='1'/>\
         <string key='concept:name' value='x'/><date key='time:timestamp' \
         value='2024-01-01T00:00:00Z'/></event></trace></log>",
    );
    let message = rig.fails(4, "import xes log.xes");
    assert!(
        message.contains("earlier version") && message.contains("--store-changed"),
        "{message}"
    );
    rig.ok("import xes log.xes --store-changed");
    let again = json(&rig.ok("--json import xes log.xes"));
    assert_eq!((&again["stored"], &again["already_stored"]), (&0.into(), &1.into()));
}

#[test]
fn columns_and_attributes_in_another_order_say_the_same() {
    let rig = Rig::new();
    let import = |line: &str| {
        let said = json(&rig.ok(&format!("--json import {line}")));
        (said["stored"].as_u64().unwrap(), said["already_stored"].as_u64().unwrap())
    };
    rig.write("log.csv", &format!("a,{HEADINGS},b,b\n1,c,x,2024-01-01,2,3\n"));
    rig.write("other.csv", &format!("b,{HEADINGS},a,b\n2,c,x,2024-01-01,1,3\n"));
    rig.write("swapped.csv", &format!("b,{HEADINGS},a,b\n1,c,x,2024-01-01,2,3\n"));
    assert_eq!(import("csv log.csv"), (1, 0));
    assert_eq!(import("csv other.csv"), (0, 1));
    assert_eq!(import("csv swapped.csv"), (1, 0), "other values under the same names");
    let stored = rig.ok("events search --json");
    let kept = r#""payload":{"a":"1","time:timestamp":"2024-01-01","b":"2","b#2":"3"}"#;
    assert!(stored.contains(kept), "{stored}");
    let log = |event: &[&str]| {
        format!(
            "<log><trace><string key='concept:name' value='1'/><event>{}</event></trace></log>",
            event.concat()
        )
    };
    let name = "<string key='concept:name' value='x'/>";
    let time = "<date key='time:timestamp' value='2024-01-01'/>";
    let list = |one: &str, two: &str| {
        format!(
            "<list key='l'><values><int key='{one}' value='1'/><int key='{two}' value='2'/></values></list>"
        )
    };
    let of = |one: &str, two: &str| {
        format!(
            "<string key='of' value='v'><int key='{one}' value='7'/><int key='{two}' value='7'/></string>"
        )
    };
    let (l, nested) = (list("i", "j"), of("n", "m"));
    rig.write("log.xes", &log(&[name, time, &l, &nested]));
    rig.write("other.xes", &log(&[&of("m", "n"), &l, time, name]));
    rig.write("list.xes", &log(&[&nested, &list("j", "i"), time, name]));
    assert_eq!(import("xes log.xes"), (1, 0));
    assert_eq!(import("xes other.xes"), (0, 1));
    assert_eq!(import("xes list.xes"), (1, 0), "a list has an order");
}
