//! Events that were set aside: listed, shown, replayed, discarded.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use std::io::{BufRead, BufReader};

use common::readers::Readers;
use common::{Rig, json, lines, ran};
use factum::Lease;

const LETTERS: &str = "projections dead-letters";

/// Of `account/ann`, the events at 1 and 5 failed and the one at 3 waits; of `account/bob`, that
/// at 4 failed.
fn set_aside() -> (Rig, Readers, Lease) {
    let rig = Rig::new();
    for event in 0..6 {
        let name = ["ann", "bob"][event % 2];
        rig.ok(&format!("append account/{name} deposited --payload {{\"amount\":{event}}}"));
    }
    let readers = Readers::seconds_ago(&rig, 0);
    let lease = readers.projection("balances", 0);
    readers.set_aside("balances", &lease, 1, Some("no rate of exchange\nfor XYZ"));
    readers.set_aside("balances", &lease, 3, None);
    readers.set_aside("balances", &lease, 4, Some("overdrawn"));
    readers.set_aside("balances", &lease, 5, Some("no rate of exchange"));
    (rig, readers, lease)
}

fn positions(rig: &Rig, arguments: &str) -> Vec<u64> {
    let listed = lines(&rig.ok(&format!("--json {LETTERS} list {arguments}")));
    listed.iter().map(|it| it["position"].as_u64().unwrap()).collect()
}

#[test]
fn those_that_failed_are_listed_and_those_that_wait_on_demand() {
    let (rig, readers, _) = set_aside();
    readers.projection("totals", 0);
    assert_eq!(positions(&rig, "balances"), [1, 4, 5]);
    assert_eq!(positions(&rig, "balances --waiting"), [1, 3, 4, 5]);
    assert_eq!(positions(&rig, "balances --key account/bob"), [4]);
    assert_eq!(positions(&rig, "--all --limit 2"), [1, 4]);
    let list = rig.ok(&format!("{LETTERS} list balances --waiting"));
    assert!(list.contains("no rate of exchange\n") && !list.contains("XYZ"), "{list}");
    assert!(list.contains("waiting  account/ann"), "{list}");
    assert!(rig.ok(&format!("{LETTERS} list --all --limit 1")).contains("the first 1; --limit"));
    assert_eq!(rig.ok(&format!("{LETTERS} list totals")), "no dead letters\n");
    rig.fails(2, &format!("{LETTERS} list"));
    rig.fails(2, &format!("{LETTERS} list balances --all"));
    let message = rig.fails(3, &format!("{LETTERS} list nobody"));
    assert!(message.contains("found balances, totals"), "{message}");
}

#[test]
fn one_is_shown_with_its_cause_and_the_event() {
    let (rig, ..) = set_aside();
    let page = rig.ok(&format!("{LETTERS} show balances 1"));
    for line in [
        "status        parked",
        "key           account/ann",
        "tried         3 times",
        "first         2023-11-14T22:13:20Z",
        "cause         no rate of exchange",
        "              for XYZ",
        "  \"amount\": 0",
    ] {
        assert!(page.contains(&format!("{line}\n")), "{line}: {page}");
    }
    let one = json(&rig.ok(&format!("--json {LETTERS} show balances 3")));
    assert_eq!((&one["status"], &one["attempts"]), (&"waiting".into(), &0.into()));
    assert_eq!(one["event"]["payload"]["amount"], 2);
    rig.fails(3, &format!("{LETTERS} show balances 2"));
    rig.fails(3, &format!("{LETTERS} show balances 0"));
}

#[test]
fn replaying_marks_what_is_meant() {
    let (rig, ..) = set_aside();
    let due = || {
        let listed = lines(&rig.ok(&format!("--json {LETTERS} list balances --waiting")));
        let due = listed.iter().filter(|it| it["due"] == true);
        due.map(|it| it["position"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    let said = rig.ok(&format!("{LETTERS} replay balances --position 4"));
    assert!(said.starts_with("balances: 1 event to be tried again; web-1 process 4711"), "{said}");
    assert_eq!(due(), [4]);
    let said = json(&rig.ok(&format!("--json {LETTERS} replay balances --all")));
    assert_eq!(said["replayed"], 3);
    assert!(rig.ok(&format!("{LETTERS} list balances")).contains("parked, to try"));
    rig.fails(2, &format!("{LETTERS} replay balances"));
    rig.fails(2, &format!("{LETTERS} replay balances --all --position 4"));
    rig.fails(3, &format!("{LETTERS} replay balances --key account/zoe"));
    let message = rig.fails(3, &format!("{LETTERS} replay balances --position 3"));
    assert!(
        message.contains("found one that waits behind another of key account/ann"),
        "{message}"
    );
}

#[test]
fn a_replay_is_watched_until_all_were_tried() {
    let (rig, readers, lease) = set_aside();
    for (arguments, at, again, code) in
        [("--position 4", 4, false, 0), ("--key account/ann", 5, true, 1)]
    {
        let mut child =
            rig.spawn(&format!("{LETTERS} replay balances {arguments} --watch --interval-ms 10"));
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(said.next().unwrap().unwrap().contains("to be tried again"));
        assert!(said.next().unwrap().unwrap().ends_with("to be tried"));
        if again {
            readers.set_aside("balances", &lease, 1, Some("no rate still"));
        }
        readers.handled("balances", &lease, at);
        readers.handled("balances", &lease, 3);
        let last = said.map(Result::unwrap).last().unwrap();
        assert!(last.contains(if again { "1 event of key" } else { "0 events at" }), "{last}");
        assert_eq!(ran(child.wait_with_output().unwrap()).code, Some(code));
    }
}

#[test]
fn discarding_needs_a_yes() {
    let (rig, readers, lease) = set_aside();
    let message = rig.fails(2, &format!("{LETTERS} discard balances --all"));
    assert!(message.contains("leave the failed events of every key out of balances"), "{message}");
    let ann =
        format!("{LETTERS} discard balances --key account/ann --yes --watch --interval-ms 10");
    let mut child = rig.spawn(&ann);
    let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = said.next().unwrap().unwrap();
    let expected = "balances: 2 events left out for good; what waited behind is to be tried; web-1";
    assert!(first.starts_with(expected), "{first}");
    assert!(said.next().unwrap().unwrap().ends_with("1 event to be tried"));
    readers.handled("balances", &lease, 3);
    let last = said.map(Result::unwrap).last().unwrap();
    assert_eq!(last, "balances: tried; 1 event of every key stand aside");
    assert_eq!(ran(child.wait_with_output().unwrap()).code, Some(1));
    assert_eq!(positions(&rig, "balances"), [4]);
    rig.fails(3, &format!("{LETTERS} discard balances --position 5 --yes"));
    let said = json(&rig.ok(&format!("--json {LETTERS} discard balances --all --yes")));
    assert_eq!(said["discarded"], 1);
    assert_eq!(
        rig.ok(&format!("{LETTERS} discard balances --all --yes")),
        "balances: 0 events left out for good\n"
    );
}
