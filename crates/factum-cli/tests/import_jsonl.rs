//! JSON Lines: there and back again, and lines of other programs.

mod common;

use common::{Rig, fixture, json, lines, log_csv};

/// A store with a bit of everything in it.
fn full(rig: &Rig) {
    rig.ok(&format!("import csv {}", fixture("odd.csv")));
    rig.ok("append account/ann opened --claim email=a@example.org --tag a:b --correlation co");
    rig.ok("append account/ann moved --release email=a@example.org --principal me --meta k=v");
    rig.ok("append account/bob opened --claim email=a@example.org --causation ca");
    rig.ok("append account/bob moved");
    rig.ok("streams truncate account/bob --before 1 --reason tidy --yes --principal me");
    rig.ok("streams delete account/ann --reason gone --yes");
    rig.ok(&format!("import jsonl {}", fixture("foreign.jsonl")));
}

#[test]
fn export_and_import_give_the_same_digest() {
    let rig = Rig::new();
    full(&rig);
    let said = rig.ok("export jsonl all.jsonl");
    let digest = rig.digest("sqlite:log.db");
    assert!(said.contains(&digest), "{said}");
    let copied = rig.ok("--store sqlite:copy.db import jsonl all.jsonl");
    assert!(!copied.contains("revision") && !copied.contains("differ"), "{copied}");
    assert_eq!(rig.digest("sqlite:copy.db"), digest);
    assert_eq!(rig.fails(3, "--store sqlite:copy.db streams show account/ann").lines().count(), 2);
    assert!(rig.ok("--store sqlite:copy.db import jsonl all.jsonl").contains("nothing new"));
    assert_eq!(rig.digest("sqlite:copy.db"), digest);
}

#[test]
fn gzip_is_written_and_read_as_it_is() {
    let rig = Rig::new();
    full(&rig);
    rig.ok("export jsonl all.jsonl.gz --gzip");
    rig.ok("--store sqlite:copy.db import jsonl all.jsonl.gz");
    assert_eq!(rig.digest("sqlite:copy.db"), rig.digest("sqlite:log.db"));
}

#[test]
fn a_record_of_a_deleted_stream_is_recognised_out_of_order() {
    let rig = Rig::new();
    full(&rig);
    rig.ok("export jsonl all.jsonl");
    rig.ok("--store sqlite:copy.db append other/x first");
    rig.ok("--store sqlite:copy.db import jsonl all.jsonl");
    let again = json(&rig.ok("--json --store sqlite:copy.db import jsonl all.jsonl"));
    assert_eq!(again["stored"], 0);
}

#[test]
fn minimal_lines_keep_their_payload_byte_by_byte() {
    let rig = Rig::new();
    rig.ok(&format!("import jsonl {}", fixture("foreign.jsonl")));
    let out = rig.ok("export jsonl -");
    assert!(out.contains(r#""payload":{"b":1,  "a":[1.10, 2]}"#), "{out}");
    let events = lines(&out);
    assert_eq!(events[1]["recorded_at"], "2023-12-31T23:00:00Z");
    assert_eq!(events[2]["payload_base64"], "AAH/");
    assert!(rig.ok(&format!("import jsonl {}", fixture("foreign.jsonl"))).contains("nothing new"));
}

#[test]
fn a_part_of_a_log_says_that_revisions_moved() {
    let rig = Rig::new();
    rig.write("log.csv", &log_csv(1, 5));
    rig.ok("import csv log.csv");
    rig.ok("export jsonl part.jsonl --after 2");
    let said = rig.ok("--store sqlite:part.db import jsonl part.jsonl");
    assert!(said.contains("3 events took another revision than the file says"), "{said}");
}

#[test]
fn wrong_lines_are_named_with_their_place() {
    let rig = Rig::new();
    for (line, place) in [
        (r#"{"stream":"a/b","type":"t","payload":1,"colour":2}"#, "found \"colour\""),
        (r#"{"stream":"a/b","payload":1}"#, "expected a member \"type\", found none"),
        (r#"{"stream":"a/b","type":5,"payload":1}"#, "expected a string, found integer 5"),
        (r#"["a/b","t"]"#, "column 1: expected an object in braces, found an array"),
        ("nothing", "column 1: expected an object in braces, found something else"),
        (r#"{"stream":"a/b","type":nothing}"#, "expected JSON, found something else"),
        (
            r#"{"stream":"a/b","type":"t","payload":1,"schema_version":0}"#,
            "column schema_version: expected a number from 1 on, found 0",
        ),
        (r#"{"stream":"ab","type":"t","payload":1}"#, "column stream"),
        (r#"{"stream":"a/b","type":"t"}"#, "expected payload or payload_base64, found neither"),
        (r#"{"stream":"a/b","type":"t","payload":1"#, "column"),
        (r#"{"stream":"a/b","type":"factum.other","payload":{"reason":""}}"#, "factum.other"),
        (r#"{"stream":"a/b","type":"t","payload":1,"tags":["x"]}"#, "name:value"),
        (r#"{"tenant":"acme","stream":"a/b","type":"t","payload":1}"#, "--all-tenants keeps"),
    ] {
        rig.write(
            "bad.jsonl",
            &format!("{{\"stream\":\"a/b\",\"type\":\"t\",\"payload\":1}}\n{line}\n"),
        );
        let message = rig.fails(5, "import jsonl bad.jsonl");
        assert!(message.contains("line 2") && message.contains(place), "{line}: {message}");
    }
}

#[test]
fn tenants_are_kept_or_dropped_as_asked() {
    let rig = Rig::new();
    rig.ok("append a/b one --tenant acme");
    rig.ok("append a/b two --tenant globex");
    rig.ok("--all-tenants export jsonl all.jsonl");
    rig.ok("--all-tenants --store sqlite:copy.db import jsonl all.jsonl");
    let both = rig.ok("--all-tenants --json store verify");
    assert_eq!(rig.ok("--all-tenants --json --store sqlite:copy.db store verify"), both);
    rig.ok("--store sqlite:flat.db import jsonl all.jsonl --ignore-tenant");
    assert_eq!(lines(&rig.ok("--store sqlite:flat.db streams show a/b --json")).len(), 2);
}

#[test]
fn an_event_is_known_by_tenant_stream_and_id_together() {
    let rig = Rig::new();
    let line = |tenant: &str, stream: &str| {
        format!(
            "{{\"tenant\":\"{tenant}\",\"stream\":\"{stream}\",\"type\":\"t\",\"payload\":{{}},\
              \"id\":\"f81d4fae-7dec-81d0-a765-00a0c91e6bf6\"}}\n"
        )
    };
    for (number, (first, second)) in
        [(("a", "s/1"), ("b", "s/1")), (("a", "s/1"), ("a", "s/2"))].into_iter().enumerate()
    {
        let import = |file: &str| {
            let store = format!("--json --all-tenants --store sqlite:{number}.db");
            let said = json(&rig.ok(&format!("{store} import jsonl {file}")));
            (said["stored"].as_u64().unwrap(), said["already_stored"].as_u64().unwrap())
        };
        let (first, second) = (line(first.0, first.1), line(second.0, second.1));
        rig.write("first.jsonl", &first);
        rig.write("second.jsonl", &second);
        rig.write("both.jsonl", &format!("{second}{first}{second}"));
        assert_eq!(import("first.jsonl"), (1, 0));
        assert_eq!(import("second.jsonl"), (1, 0), "{second}");
        assert_eq!(import("second.jsonl"), (0, 1), "{second}");
        assert_eq!(import("both.jsonl"), (0, 3), "{second}");
    }
}

#[test]
fn a_row_left_out_of_one_tenant_does_not_count_in_another() {
    let rig = Rig::new();
    let line = |tenant: &str, more: &str| {
        format!(
            "{{\"tenant\":\"{tenant}\",\"stream\":\"s/1\",\"type\":\"t\",\"payload\":{{}}{more}}}\n"
        )
    };
    let large = format!(",\"metadata\":{{\"k\":\"{}\"}}", "x".repeat(5 << 20));
    let file = [line("a", ""), line("a", &large), line("b", ""), line("b", ""), line("a", "")];
    rig.write("log.jsonl", &file.concat());
    let import = "--json --all-tenants import jsonl log.jsonl --on-error skip";
    let said = json(&rig.ok(import));
    assert_eq!((&said["stored"], &said["skipped"]), (&4.into(), &1.into()), "{said}");
    let again = json(&rig.ok(import));
    assert_eq!((&again["stored"], &again["already_stored"]), (&0.into(), &4.into()), "{again}");
}
