//! Orders to build a view again, and watching what becomes of them.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Command};

use common::readers::Readers;
use common::{Rig, json, ran};
use factum::{Lease, Position, SubscriptionKind, SubscriptionState};

const WATCH: &str = "--watch --interval-ms 10";

fn running() -> (Rig, Readers, Lease) {
    let rig = Rig::new();
    rig.write("log.csv", &common::log_csv(2, 5));
    rig.ok("import csv log.csv");
    let readers = Readers::seconds_ago(&rig, 0);
    let lease = readers.projection("balances", 10);
    (rig, readers, lease)
}

/// A program that writes lines, and those.
fn lines_of(rig: &Rig, line: &str) -> (Child, Lines<BufReader<ChildStdout>>) {
    let mut child = rig.spawn(line);
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    (child, lines)
}

fn interrupt(child: &Child) {
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(sent.unwrap().success());
}

#[test]
fn a_rebuild_begins_with_the_event_that_people_name() {
    let (rig, readers, _) = running();
    let after = || readers.progress("balances").rebuild.map(|it| it.after);
    let cancel = || rig.ok("projections rebuild balances --cancel");
    let said = rig.ok("projections rebuild balances --yes");
    assert!(
        said.starts_with("balances is to be rebuilt from position 1 on; web-1 process 4711 "),
        "{said}"
    );
    assert_eq!(after(), Some(Position::START));
    cancel();
    assert_eq!(after(), None);
    rig.ok("projections rebuild balances --from-position 4 --yes");
    assert_eq!(after(), Some(Position::new(3)));
    cancel();
    // Imported events keep their times: the first is of midnight, two and two an hour apart.
    rig.ok("projections rebuild balances --from-time 2024-01-01T01:00:00Z --yes");
    assert_eq!(after(), Some(Position::new(2)));
    cancel();
    let message = rig.fails(2, "projections rebuild balances --from-position 0 --yes");
    assert!(message.contains("expected a position of 1 or more"), "{message}");
    rig.fails(2, "projections rebuild balances --from-position 12 --yes");
    assert_eq!(after(), None);
}

#[test]
fn a_rebuild_from_a_time_leaves_out_nothing_that_was_recorded_later() {
    let rig = Rig::new();
    let deposit = |account: &str, at: &str| {
        format!(
            "{{\"stream\":\"account/{account}\",\"type\":\"account.deposited\",\"payload\":{{}},\
             \"recorded_at\":\"2024-{at}T00:00:00Z\"}}\n"
        )
    };
    // Of each account an older and a newer one, as an import of one file after the other has them.
    let times = [("a", "01-01"), ("a", "06-01"), ("b", "01-02"), ("b", "02-01"), ("c", "01-03")];
    let lines: String = times.iter().map(|(account, at)| deposit(account, at)).collect();
    rig.write("unordered.jsonl", &(lines + &deposit("c", "07-01")));
    rig.ok("import jsonl unordered.jsonl");
    let readers = Readers::seconds_ago(&rig, 0);
    readers.projection("balances", 6);
    for (time, after) in
        [("2024-05-01", 1), ("2024-06-02", 5), ("2024-01-02", 1), ("2025-01-01", 6)]
    {
        rig.ok(&format!("projections rebuild balances --from-time {time}T00:00:00Z --yes"));
        let ordered = readers.progress("balances").rebuild.unwrap();
        assert_eq!(ordered.after, Position::new(after), "{time}");
        rig.ok("projections rebuild balances --cancel");
    }
}

#[test]
fn a_rebuild_from_a_later_place_says_what_it_leaves_out_for_good() {
    let (rig, readers, lease) = running();
    readers.set_aside("balances", &lease, 3, Some("no such account"));
    for position in [5, 7] {
        readers.set_aside("balances", &lease, position, None);
    }
    let lost = "without 2 events before it that failed or wait and can then no longer be replayed";
    let said = rig.ok("projections rebuild balances --from-position 6 --yes");
    assert!(said.contains(lost), "{said}");
    rig.ok("projections rebuild balances --cancel");
    for order in ["--from-position 3 --yes", "--yes"] {
        let said = rig.ok(&format!("projections rebuild balances {order}"));
        assert!(!said.contains("without"), "{said}");
        rig.ok("projections rebuild balances --cancel");
    }
}

#[test]
fn a_rebuild_that_cannot_be_is_refused() {
    let (rig, readers, lease) = running();
    readers.register("mails", SubscriptionKind::Subscription);
    let message = rig.fails(2, "projections rebuild mails --yes");
    assert!(message.contains("expected a projection, found a subscription"), "{message}");
    let message = rig.fails(2, "projections rebuild balances");
    assert!(message.contains("expected --yes"), "{message}");
    rig.fails(4, "projections rebuild balances --cancel");
    rig.ok("projections rebuild balances --yes");
    // Whoever is refused is told what can be done, and that can be done.
    let message = rig.fails(4, "projections rebuild balances");
    let way_out = "factum projections rebuild balances --cancel";
    assert!(message.contains("has not begun") && message.contains(way_out), "{message}");
    rig.ok("projections rebuild balances --cancel");
    rig.ok("projections rebuild balances --yes");
    readers.begin_rebuild("balances", &lease, 10);
    for order in ["--cancel", "--yes", ""] {
        let message = rig.fails(4, &format!("projections rebuild balances {order}"));
        assert!(
            message.contains("found one under way to 10; it cannot be taken back"),
            "{message}"
        );
        assert!(message.contains("factum projections status balances --watch"), "{message}");
        assert!(!message.contains("--cancel") && !message.contains("rebuild again"), "{message}");
    }
    readers.advance(readers.step("balances", &lease, 10));
    rig.ok("projections rebuild balances --yes");
}

#[test]
fn a_rebuild_is_watched_to_its_end() {
    let (rig, readers, lease) = running();
    let (child, mut lines) =
        lines_of(&rig, &format!("projections rebuild balances --yes --json {WATCH}"));
    let mut next = || json(&lines.next().unwrap().unwrap());
    assert_eq!(next()["rebuild"]["after"], 0);
    readers.begin_rebuild("balances", &lease, 10);
    assert_eq!(next()["rebuild"]["percent"], 0);
    readers.advance(readers.step("balances", &lease, 5));
    let half = next();
    assert_eq!((&half["rebuild"]["percent"], &half["position"]), (&50.into(), &5.into()));
    let list = rig.ok("projections list");
    assert!(list.contains("rebuilding 50 %"), "{list}");
    let page = rig.ok("projections status balances");
    assert!(page.contains("rebuild     50 %, 5 of 10 events"), "{page}");
    readers.advance(readers.step("balances", &lease, 10));
    assert_eq!(next()["rebuild"], serde_json::Value::Null);
    assert_eq!(ran(child.wait_with_output().unwrap()).code, Some(0));
}

#[test]
fn a_rebuild_that_fails_or_is_taken_back_ends_the_watching() {
    let (rig, readers, lease) = running();
    let line = format!("projections rebuild balances --yes {WATCH}");
    let (child, mut lines) = lines_of(&rig, &line);
    assert!(lines.next().unwrap().unwrap().contains("to be rebuilt"));
    rig.ok("projections rebuild balances --cancel");
    let ended = ran(child.wait_with_output().unwrap());
    assert_eq!(ended.code, Some(4), "{}", ended.stderr);
    assert!(ended.stderr.contains("found the order taken back"), "{}", ended.stderr);

    let (child, mut lines) = lines_of(&rig, &line);
    assert!(lines.next().unwrap().unwrap().contains("to be rebuilt"));
    readers.release(&lease, SubscriptionState::Failed, Some("no rate"));
    let ended = ran(child.wait_with_output().unwrap());
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(ended.stderr.contains("found it failed: no rate"), "{}", ended.stderr);
}

#[test]
fn who_stops_watching_does_not_stop_the_rebuild() {
    let (rig, readers, _) = running();
    let (child, mut lines) = lines_of(&rig, &format!("projections rebuild balances --yes {WATCH}"));
    lines.next().unwrap().unwrap();
    // The first look after the order is written, which is after it listens.
    rig.ok("projections pause balances --no-wait");
    lines.next().unwrap().unwrap();
    interrupt(&child);
    let ended = ran(child.wait_with_output().unwrap());
    assert_eq!(ended.code, Some(130), "{}", ended.stderr);
    assert!(ended.stderr.contains("the rebuild goes on"), "{}", ended.stderr);
    assert!(readers.progress("balances").rebuild.is_some());
}

#[test]
fn a_watched_list_writes_what_changes_until_it_is_interrupted() {
    let (rig, readers, lease) = running();
    let (mut child, mut lines) = lines_of(&rig, &format!("projections list {WATCH}"));
    let mut next = || lines.next().unwrap().unwrap();
    assert_eq!(next(), "balances: live, 10 of 10");
    readers.report(&lease, SubscriptionState::Live, None); // Only a sign of life.
    readers.register("totals", SubscriptionKind::Projection);
    assert_eq!(next(), "totals: waiting, 0 of 10; nobody runs it, nor ever did");
    rig.ok("projections forget totals --yes");
    assert_eq!(next(), "totals: forgotten");
    interrupt(&child);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
