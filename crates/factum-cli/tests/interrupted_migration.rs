//! A migration that is killed, interrupted, or disturbed, and goes on.
#![cfg(unix)]

mod common;

use std::process::{Child, Command};

use common::{Rig, json, log_csv, ran};

const LINE: &str = "migrate --from sqlite:log.db --to sqlite:copy.db --resume p.json";

/// A source of so many events, in which every seventh case was deleted.
fn source(cases: usize, events: usize) -> Rig {
    let rig = Rig::new();
    rig.write("log.csv", &log_csv(cases, events));
    rig.ok("import csv log.csv");
    for case in (0..cases).step_by(7) {
        rig.ok(&format!("streams delete case/c{case} --reason old --yes"));
    }
    rig.write("more.csv", &log_csv(cases, events).replace("\nc", "\nd"));
    rig.ok("import csv more.csv");
    rig
}

/// Events that the progress file says are copied.
fn noted(rig: &Rig) -> u64 {
    let text = std::fs::read_to_string(rig.path("p.json")).unwrap_or_default();
    if text.is_empty() { 0 } else { json(&text)["events"].as_u64().unwrap_or_default() }
}

/// Waits until it is further than `before`; false if the process ended first.
fn gets_beyond(rig: &Rig, child: &mut Child, before: u64) -> bool {
    while noted(rig) <= before {
        if child.try_wait().expect("it runs").is_some() {
            return noted(rig) > before;
        }
        std::thread::yield_now();
    }
    true
}

fn is_a_copy(rig: &Rig) {
    assert_eq!(rig.digest("sqlite:copy.db"), rig.digest("sqlite:log.db"));
}

#[test]
fn killed_again_and_again_it_ends_with_the_same_digest() {
    let rig = source(20, 60);
    let line = format!("{LINE} --batch-size 20");
    let (mut kills, mut before) = (0, 0);
    loop {
        let mut child = rig.spawn(&line);
        // Each run gets a little further than the last; some die before their first batch.
        let further = if kills % 4 == 3 { 0 } else { 40 * (kills % 3) };
        let went = further == 0 || gets_beyond(&rig, &mut child, before + further);
        child.kill().expect("it is ours");
        let ended = ran(child.wait_with_output().expect("it ended"));
        if ended.code.is_some() || !went || kills > 40 {
            assert!(ended.code.is_none_or(|code| code == 0), "{}", ended.stderr);
            break;
        }
        kills += 1;
        before = noted(&rig);
    }
    assert!(kills >= 3, "only {kills} kills");
    rig.ok(&format!("{line} --verify"));
    is_a_copy(&rig);
}

#[test]
fn what_was_stored_and_not_noted_is_neither_doubled_nor_refused() {
    let rig = source(10, 30);
    let line = format!("{LINE} --batch-size 50");
    let mut child = rig.spawn(&line);
    assert!(gets_beyond(&rig, &mut child, 49));
    child.kill().expect("it is ours");
    child.wait().expect("it ended");
    let early = std::fs::read_to_string(rig.path("p.json")).expect("it is there");
    rig.ok(&line);
    // As if all acknowledged batches after the early one had not been noted.
    rig.write("p.json", &early);
    let said = json(&rig.ok(&format!("--json {line} --verify")));
    assert_eq!((&said["events"], &said["verified"]["equal"]), (&0.into(), &true.into()));
    is_a_copy(&rig);
    // And as if not even the beginning had been.
    let none = r#"{"format":1,"source":S,"target":T,"recode":null,"events":0,"source_position":0,"target_position":0,"last_event":null}"#;
    let noted = json(&early);
    let none = none.replace('S', &noted["source"].to_string());
    rig.write("p.json", &none.replace('T', &noted["target"].to_string()));
    assert!(rig.ok(&line).starts_with("nothing left to copy"));
}

#[test]
fn an_interrupted_one_stops_after_its_batch_and_goes_on() {
    let rig = source(20, 100);
    let line = format!("{LINE} --batch-size 1");
    let mut child = rig.spawn(&line);
    assert!(gets_beyond(&rig, &mut child, 0));
    interrupt(&child);
    let ended = ran(child.wait_with_output().expect("it ended"));
    assert_eq!(ended.code, Some(130), "{}", ended.stderr);
    assert!(ended.stderr.contains("run the same command again to go on"), "{}", ended.stderr);
    let stats = json(&rig.ok("--store sqlite:copy.db --json store stats"));
    assert_eq!(stats["events"], noted(&rig), "what is stored is noted");
    rig.ok(LINE);
    is_a_copy(&rig);
}

#[test]
fn without_a_progress_file_an_interruption_says_to_begin_again() {
    let rig = source(20, 100);
    let mut child = rig.spawn("migrate --from sqlite:log.db --to sqlite:copy.db --batch-size 1");
    while !rig.path("copy.db-wal").exists() && child.try_wait().expect("it runs").is_none() {
        std::thread::yield_now();
    }
    interrupt(&child);
    let ended = ran(child.wait_with_output().expect("it ended"));
    assert_eq!(ended.code, Some(130), "{}", ended.stderr);
    assert!(ended.stderr.contains("with --resume FILE to be able to go on"), "{}", ended.stderr);
}

#[test]
fn someone_else_writing_to_the_target_is_noticed() {
    let rig = source(20, 100);
    let mut child = rig.spawn(&format!("{LINE} --batch-size 1"));
    assert!(gets_beyond(&rig, &mut child, 0));
    // Another stream of another tenant: only its position is in the way.
    rig.ok("--store sqlite:copy.db --tenant acme append other/x first");
    let ended = ran(child.wait_with_output().expect("it ended"));
    assert_eq!(ended.code, Some(4), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("expected nobody else to write to the target"),
        "{}",
        ended.stderr
    );
    let message = rig.fails(4, LINE);
    assert!(message.contains("target is not as the earlier run left it"), "{message}");
}

#[test]
fn of_two_at_once_one_stops_and_nothing_is_doubled() {
    let rig = source(20, 100);
    let line = format!("{LINE} --batch-size 1");
    let mut first = rig.spawn(&line);
    assert!(gets_beyond(&rig, &mut first, 0));
    let second = rig.spawn(&line);
    let ended = [first, second].map(|it| ran(it.wait_with_output().expect("it ended")));
    assert!(ended.iter().any(|it| it.code != Some(0)), "{ended:?}");
    for stopped in ended.iter().filter(|it| it.code != Some(0)) {
        assert_eq!(stopped.code, Some(4), "{}", stopped.stderr);
    }
    rig.ok(&format!("{LINE} --verify"));
    is_a_copy(&rig);
}

fn interrupt(child: &Child) {
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(sent.expect("kill is there").success());
}
