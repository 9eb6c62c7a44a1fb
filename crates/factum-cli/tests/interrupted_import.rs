//! Ctrl-C in the middle of an import, a file cut short, a reader that goes away.
#![cfg(unix)]

mod common;

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};

use common::{Rig, log_csv, ran};
use flate2::Compression;
use flate2::write::GzEncoder;

#[test]
fn an_interrupted_import_goes_on_to_the_same_digest() {
    let rig = Rig::new();
    let csv = log_csv(40, 200);
    rig.write("log.csv", &csv);
    rig.ok("--store sqlite:whole.db import csv log.csv");

    // Whoever follows the log sees the first batch; the importer then waits for more input.
    rig.ok("append start/it now");
    let mut follower = rig.spawn("tail -n 1 --follow --json");
    let mut seen = BufReader::new(follower.stdout.take().unwrap()).lines();
    assert!(seen.next().unwrap().unwrap().contains("start/it"));
    let mut importer = rig.spawn("import csv -");
    let mut stdin = importer.stdin.take().unwrap();
    stdin.write_all(&csv.as_bytes()[..csv.len() / 2]).unwrap();
    stdin.flush().unwrap();
    assert!(seen.next().unwrap().unwrap().contains("case/c0"));
    interrupt(importer.id());
    let ended = ran(importer.wait_with_output().unwrap());
    assert_eq!(ended.code, Some(130), "{}", ended.stderr);
    assert!(ended.stderr.contains("run the same command again"), "{}", ended.stderr);
    // How much is stored is said once.
    assert!(ended.stdout.starts_with("imported "), "{}", ended.stdout);
    assert!(ended.stderr.starts_with("error: interrupted\n"), "{}", ended.stderr);
    drop(stdin);
    interrupt(follower.id());
    assert_eq!(follower.wait().unwrap().code(), Some(0));

    let again = rig.ok("import csv log.csv");
    assert!(again.contains("were stored already"), "{again}");
    let export = |store: &str| {
        let events = rig.ok(&format!("--store {store} export jsonl - --category case"));
        let event = |line: &str| line.split_once(",\"tenant\"").unwrap().1.to_owned();
        events.lines().map(event).collect::<Vec<_>>()
    };
    assert!(export("sqlite:log.db") == export("sqlite:whole.db"), "all but positions is the same");
}

#[test]
fn an_interrupted_import_into_an_empty_store_ends_with_the_digest_of_an_uninterrupted_one() {
    let rig = Rig::new();
    let csv = log_csv(40, 200);
    rig.write("log.csv", &csv);
    rig.ok("--store sqlite:whole.db import csv log.csv");
    rig.write("half.csv", &csv[..csv[..csv.len() / 2].rfind('\n').unwrap()]);
    rig.ok("import csv half.csv");
    rig.ok("import csv log.csv");
    assert_eq!(rig.digest("sqlite:log.db"), rig.digest("sqlite:whole.db"));
}

fn interrupt(process: u32) {
    let sent = Command::new("kill").args(["-INT", &process.to_string()]).status();
    let sent = sent.expect("kill is there");
    assert!(sent.success());
}

#[test]
fn an_interrupted_demo_stores_its_beginning_and_goes_on() {
    let rig = Rig::new();
    let demo = rig.spawn("--json --store sqlite:demo.db demo --events 1000000");
    // Whoever asks sees the first events while most of them are not made yet.
    let holds_events = || {
        let stats = rig.run("--json --store sqlite:demo.db store stats").stdout;
        stats.contains("\"events\":") && !stats.contains("\"events\":0,")
    };
    while !holds_events() {
        std::thread::yield_now();
    }
    interrupt(demo.id());
    let ended = ran(demo.wait_with_output().unwrap());
    assert_eq!(ended.code, Some(130), "{}", ended.stderr);
    let said = common::json(&ended.stdout);
    let stored = said["stored"].as_u64().unwrap();
    assert!(stored > 0 && stored < 1_000_000, "{said}");
    let held = common::json(&rig.ok("--json --store sqlite:demo.db store stats"));
    assert_eq!(held["events"], stored, "what is said to be stored is");
    let all = stored + 1_000;
    let again = format!("--json --store sqlite:demo.db demo --events {all}");
    let again = common::json(&rig.ok(&again));
    assert_eq!((&again["stored"], &again["already_stored"]), (&1_000.into(), &stored.into()));
}

#[test]
fn an_import_that_waits_for_its_first_line_is_interrupted_at_once() {
    let rig = Rig::new();
    for format in ["csv", "jsonl", "xes"] {
        let importer = rig.spawn(&format!("import {format} -"));
        // The store is made, or standard input is asked for: either way signals are listened to.
        while !listens(importer.id()) {
            std::thread::yield_now();
        }
        interrupt(importer.id());
        let ended = ran(importer.wait_with_output().unwrap());
        assert_eq!(ended.code, Some(130), "{format}: {}", ended.stderr);
        assert!(ended.stderr.contains("before anything was stored"), "{}", ended.stderr);
    }
}

/// Whether a process catches SIGINT, as Linux tells; elsewhere nobody is asked.
fn listens(process: u32) -> bool {
    let Ok(status) = std::fs::read_to_string(format!("/proc/{process}/status")) else {
        return true;
    };
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let caught = caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    caught.is_some_and(|mask| mask & (1 << 1) != 0)
}

#[test]
fn a_gzip_file_cut_short_is_an_error_and_keeps_what_came_before() {
    let rig = Rig::new();
    let csv = log_csv(40, 200);
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(csv.as_bytes()).unwrap();
    let whole = gzip.finish().unwrap();
    std::fs::write(rig.path("cut.csv.gz"), &whole[..whole.len() * 2 / 3]).unwrap();
    std::fs::write(rig.path("whole.csv.gz"), &whole).unwrap();
    let message = rig.fails(5, "import csv cut.csv.gz");
    assert!(message.contains("expected more gzip data, found the end of the file"), "{message}");
    let stored = rig.ok("--json store stats");
    assert!(common::json(&stored)["events"].as_u64().unwrap() >= 1_000, "{stored}");
    rig.ok("import csv whole.csv.gz");
    rig.ok("--store sqlite:whole.db import csv whole.csv.gz");
    assert_eq!(rig.digest("sqlite:log.db"), rig.digest("sqlite:whole.db"));
}

#[test]
fn nobody_reading_is_not_an_error() {
    let rig = Rig::new();
    rig.write("log.csv", &log_csv(50, 100));
    rig.ok("import csv log.csv");
    for line in ["events search", "export jsonl -", "streams list --limit 0 --json"] {
        let mut child = rig.command(line);
        let mut child = child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut out = child.stdout.take().unwrap();
        out.read_exact(&mut [0]).unwrap();
        drop(out);
        let ended = ran(child.wait_with_output().unwrap());
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{line}");
    }
}
