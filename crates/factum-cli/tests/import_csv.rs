//! CSV files: what becomes of rows, and that nothing in them is lost.

mod common;

use common::{Rig, fixture, json, lines, log_csv, real_file};

#[test]
fn quotes_newlines_zones_and_case_attributes_are_kept() {
    let rig = Rig::new();
    rig.ok(&format!(
        "import csv {} --tag-column resource --correlation-column case:channel",
        fixture("odd.csv")
    ));
    let events = lines(&rig.ok("events search --json"));
    assert_eq!(events.len(), 5);

    let first = &events[0];
    assert_eq!(first["stream"], "case/c1");
    assert_eq!(first["type"], "Say \"hello\", please");
    assert_eq!(first["recorded_at"], "2024-01-01T08:00:00Z");
    assert_eq!(first["tags"], serde_json::json!(["resource:ann"]));
    assert_eq!(first["correlation"], "Post");
    assert_eq!(first["payload"]["note"], "two\nlines, one field");
    assert_eq!(first["payload"]["time:timestamp"], "2024-01-01 09:00:00+01:00");
    assert_eq!(first["payload"]["case"]["channel"], "Post");

    // What the envelope holds exactly is not repeated; the case only when it changes.
    assert_eq!(events[1]["payload"], serde_json::json!({ "resource": "ann" }));
    assert_eq!(events[2]["type"], "padded");
    assert_eq!(events[2]["payload"]["concept:name"], " padded ");
    assert_eq!(events[2]["recorded_at"], "2024-01-01T00:00:00Z");
    assert_eq!(events[4]["recorded_at"], "2024-01-02T15:00:00.5Z");
    assert_eq!(events[4]["payload"]["case"]["channel"], "Desk");
    // Two rows alike are two events.
    assert_ne!(events[1]["id"], events[3]["id"]);
}

#[test]
fn a_second_import_stores_nothing_and_says_so() {
    let rig = Rig::new();
    rig.write("log.csv", &log_csv(50, 50));
    let first = json(&rig.ok("--json import csv log.csv"));
    assert_eq!((&first["stored"], &first["already_stored"]), (&2_500.into(), &0.into()));
    let digest = rig.digest("sqlite:log.db");
    assert!(rig.ok("import csv log.csv").contains("nothing new: all 2,500 events"));
    assert_eq!(rig.digest("sqlite:log.db"), digest);
    rig.write("one.csv", &log_csv(1, 1));
    let one = rig.ok("import csv one.csv");
    assert!(one.contains("nothing new: the 1 event of one.csv was stored already"), "{one}");
    rig.write("two.csv", &log_csv(1, 1).replace("\nc0", "\nnew,x,2024-01-01T00:00:00Z,\nc0"));
    let two = rig.ok("import csv two.csv");
    assert!(two.contains("1 more was stored already"), "{two}");
}

#[test]
fn a_longer_file_adds_what_is_new() {
    let rig = Rig::new();
    rig.write("short.csv", &log_csv(50, 30));
    rig.write("long.csv", &log_csv(50, 60));
    rig.ok("import csv short.csv");
    let second = json(&rig.ok("--json import csv long.csv"));
    assert_eq!((&second["stored"], &second["already_stored"]), (&1_500.into(), &1_500.into()));
    rig.ok("--store sqlite:whole.db import csv long.csv");
    assert_eq!(rig.digest("sqlite:log.db"), rig.digest("sqlite:whole.db"));
}

#[test]
fn events_of_others_in_a_stream_do_no_harm() {
    let rig = Rig::new();
    rig.write("log.csv", &log_csv(20, 20));
    rig.ok("append case/c3 note.added");
    let first = json(&rig.ok("--json import csv log.csv"));
    assert_eq!(first["stored"], 400);
    rig.ok("append case/c4 note.added");
    let second = json(&rig.ok("--json import csv log.csv"));
    assert_eq!((&second["stored"], &second["already_stored"]), (&0.into(), &400.into()));
    rig.write("log.csv", &log_csv(20, 21));
    let third = json(&rig.ok("--json import csv log.csv"));
    assert_eq!((&third["stored"], &third["already_stored"]), (&20.into(), &400.into()));
}

#[test]
fn two_imports_at_once_store_every_event_once() {
    let rig = Rig::new();
    rig.write("log.csv", &log_csv(40, 100));
    let both = [rig.spawn("--json import csv log.csv"), rig.spawn("--json import csv log.csv")];
    let stored = both.map(|child| {
        let ended = common::ran(child.wait_with_output().unwrap());
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        json(&ended.stdout)["stored"].as_u64().unwrap()
    });
    assert_eq!(stored.iter().sum::<u64>(), 4_000, "{stored:?}");
    assert_eq!(json(&rig.ok("--json store stats"))["events"], 4_000);
}

#[test]
fn a_bad_row_stops_or_is_skipped_and_can_be_mended() {
    let rig = Rig::new();
    let good = log_csv(3, 10);
    let bad = good.replace("c1,step4,2024-01-01T04:01:00Z", "c1,step4,yesterday");
    rig.write("log.csv", &bad);
    let stopped = rig.fails(5, "import csv log.csv");
    assert!(stopped.contains("line 15, column time:timestamp"), "{stopped}");
    assert!(stopped.contains("yesterday"), "{stopped}");
    let skipped = json(&rig.ok("--json import csv log.csv --on-error skip"));
    assert_eq!((&skipped["skipped"], &skipped["stored"]), (&1.into(), &16.into()));
    rig.write("log.csv", &good);
    let mended = json(&rig.ok("--json import csv log.csv"));
    assert_eq!((&mended["stored"], &mended["already_stored"]), (&1.into(), &29.into()));
}

#[test]
fn rows_of_another_length_are_bad_rows() {
    let rig = Rig::new();
    rig.write("log.csv", "case:concept:name,concept:name,time:timestamp\nc,a,2024-01-01,x\n");
    let message = rig.fails(5, "import csv log.csv");
    assert!(message.contains("line 2: expected 3 columns, found 4"), "{message}");
}

#[test]
fn an_unknown_column_is_answered_with_those_there_are() {
    let rig = Rig::new();
    let message =
        rig.fails(5, &format!("import csv {} --type-column activity", fixture("odd.csv")));
    assert!(message.contains("activity") && message.contains("case:channel, note"), "{message}");
    assert!(!rig.path("log.db").exists(), "a wrong file makes no store");
}

#[test]
fn a_real_log_comes_in_whole() {
    let Some(file) = real_file("receipt.csv") else { return };
    let rig = Rig::new();
    assert_eq!(json(&rig.ok(&format!("--json import csv {file}")))["stored"], 8_577);
    assert_eq!(json(&rig.ok("--json store stats"))["streams"], 1_434);
    assert_eq!(json(&rig.ok(&format!("--json import csv {file}")))["stored"], 0);
}
