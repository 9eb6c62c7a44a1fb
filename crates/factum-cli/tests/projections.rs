//! Projections and subscribers: looked at, and told what to do.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::readers::Readers;
use common::{Rig, json, lines};
use factum::{SubscriptionKind, SubscriptionState, TenantScope};

/// A little more, so that it is an hour in words for as long as a test takes.
const HOUR: i64 = 3_605;

/// A log of six events, three of `account/ann` and three of `account/bob` in turns.
fn log() -> Rig {
    let rig = Rig::new();
    for event in 0..6 {
        let name = ["ann", "bob"][event % 2];
        rig.ok(&format!("append account/{name} deposited --payload {{\"amount\":{event}}}"));
    }
    rig
}

#[test]
fn everything_that_reads_is_listed_with_what_is_alarming() {
    let rig = log();
    assert_eq!(rig.ok("projections list"), "no projections or subscribers\n");
    let (now, past) = (Readers::seconds_ago(&rig, 0), Readers::seconds_ago(&rig, HOUR));
    now.projection("balances", 6);
    let totals = past.projection("totals", 4);
    let mails = past.claim_new("mails", SubscriptionKind::Subscription);
    past.release(&mails, SubscriptionState::Failed, Some("no mail server\nat all"));
    let list = rig.ok("projections list");
    let shown: Vec<Vec<&str>> = list.lines().map(|it| it.split_whitespace().collect()).collect();
    assert_eq!(shown[1][..7], ["balances", "projection", "v1", "live", "6", "6", "0"], "{list}");
    assert!(shown[1].ends_with(&["web-1", "process", "4711"]), "{list}");
    assert!(list.contains("! mails: failed: no mail server\n"), "{list}");
    assert!(list.contains("! totals: nobody runs it, last heard of 1h 00m ago\n"), "{list}");
    // It runs again; its next event is as young as this test.
    now.report(&totals, SubscriptionState::CatchingUp, None);
    let list = rig.ok("projections list");
    assert!(!list.contains("! totals"), "{list}");
    assert!(!list.contains("not moving"), "{list}");
    let list = rig.ok("projections list --stall-after-s 0");
    assert!(list.contains("! totals: behind by 2 events and not moving, last moved 1h"), "{list}");
    assert_eq!(rig.ok("projections list --kind subscription").lines().count(), 3);
}

#[test]
fn programs_are_told_everything_that_is_stored() {
    let rig = log();
    let past = Readers::seconds_ago(&rig, HOUR);
    let lease = past.projection("totals", 4);
    past.set_aside("totals", &lease, 5, Some("no rate"));
    let one = json(&rig.ok("--json projections list"));
    let expected = [
        ("tenant", "default".into()),
        ("name", "totals".into()),
        ("kind", "projection".into()),
        ("version", 1.into()),
        ("reads", "category account".into()),
        ("state", "live".into()),
        ("reason", serde_json::Value::Null),
        ("position", 5.into()),
        ("head", 6.into()),
        ("head_reported", false.into()),
        ("lag", 1.into()),
        ("owner", common::readers::OWNER.into()),
        ("epoch", 1.into()),
        ("paused", serde_json::Value::Null),
        ("rebuild", serde_json::Value::Null),
        ("parked_keys", 1.into()),
        ("waiting_events", 0.into()),
        ("dead_letters", 1.into()),
        ("alarms", serde_json::json!(["nobody-runs-it", "set-aside"])),
    ];
    for (member, value) in expected {
        assert_eq!(one[member], value, "{member} in {one}");
    }
    assert_eq!(json(&rig.ok("--json projections status totals")), one);
}

#[test]
fn those_of_all_tenants_stand_beside_those_of_one() {
    let rig = log();
    Readers::seconds_ago(&rig, 0).projection("balances", 6);
    Readers::in_file(&rig, "log.db", TenantScope::All, 0).projection("audit", 6);
    assert!(!rig.ok("projections list").contains("audit"));
    let all = rig.ok("projections list --all-tenants");
    assert!(all.contains("audit     (all)    projection"), "{all}");
    assert!(all.contains("balances  default  projection"), "{all}");
    let message = rig.fails(3, "projections status audit");
    assert!(message.contains("audit of tenant default, found balances\n"), "{message}");
    assert!(message.contains("--all-tenants"), "{message}");
    let message = rig.fails(3, "projections status balances --all-tenants");
    assert!(message.contains("found audit, balances of tenant default\n"), "{message}");
    rig.ok("projections status audit --all-tenants");
}

#[test]
fn one_is_shown_in_words() {
    let rig = log();
    let past = Readers::seconds_ago(&rig, HOUR);
    let lease = past.projection("balances", 2);
    past.set_aside("balances", &lease, 3, Some("no rate"));
    past.set_aside("balances", &lease, 5, None);
    let page = rig.ok("projections status balances");
    for line in [
        "name        balances, of tenant default",
        "kind        projection, version 1",
        "reads       category account",
        "position    5 of 6",
        "lag         1 event",
        "set aside   1 event failed; 1 key parked, 1 event waiting",
        "run by      web-1 process 4711, lease 1, last heard of 1h 00m ago",
    ] {
        assert!(page.contains(&format!("{line}\n")) || page.ends_with(line), "{line}: {page}");
    }
}

#[test]
fn a_lag_above_a_bound_is_a_finding() {
    let rig = log();
    let now = Readers::seconds_ago(&rig, 0);
    now.projection("balances", 6);
    now.projection("totals", 4);
    assert_eq!(
        rig.ok("projections lag --above 2"),
        "NAME      LAG\nbalances    0\ntotals      2\n"
    );
    let ran = rig.run("--json projections lag --above 1");
    assert_eq!((ran.code, lines(&ran.stdout)[1]["lag"].as_u64()), (Some(1), Some(2)));
    rig.ok("projections lag balances --above 0");
    assert_eq!(rig.run("projections lag totals --above 0 --watch --interval-ms 10").code, Some(1));
}

#[test]
fn a_pause_is_kept_with_its_reason_until_it_is_taken_back() {
    let rig = log();
    let now = Readers::seconds_ago(&rig, 0);
    let lease = now.projection("balances", 2);
    let said = rig.ok("projections pause balances --reason moving --no-wait");
    assert!(said.contains("to pause; web-1 process 4711 follows within seconds if"), "{said}");
    assert_eq!(now.progress("balances").paused.unwrap().reason, "moving");
    let list = rig.ok("projections list --stall-after-s 0");
    assert!(list.contains("live, to pause") && !list.contains('!'), "{list}");
    let late = rig.fails(1, "projections pause balances --reason moving --wait-s 0");
    assert!(late.contains("expected web-1 process 4711 to pause it within 0 s"), "{late}");
    let shown = json(&rig.ok("projections status balances --json"));
    assert_eq!(shown["paused"]["in_effect"], false);
    now.report(&lease, SubscriptionState::Paused, Some("moving"));
    let said = rig.ok("projections pause balances --reason moving");
    let expected = "balances stands still at position 2; web-1 process 4711 has paused it\n";
    assert_eq!(said, expected);
    let shown = json(&rig.ok("projections status balances --json"));
    assert_eq!(shown["paused"]["in_effect"], true);
    let page = rig.ok("projections status balances");
    assert!(page.contains("state       paused\n"), "{page}");
    assert!(page.contains(": moving\n") && !page.contains("reason"), "{page}");
    assert!(rig.ok("projections resume balances").contains("is to go on"));
    assert_eq!(now.progress("balances").paused, None);
    assert_eq!(rig.ok("projections resume balances"), "balances was not paused\n");
    rig.fails(3, "projections pause nobody");
    rig.fails(2, "projections pause no/name");
}

#[test]
fn a_pause_is_waited_for_until_it_has_taken_effect() {
    let rig = log();
    let now = Readers::seconds_ago(&rig, 0);
    let lease = now.projection("balances", 2);
    let paused = rig.spawn("projections pause balances --wait-s 600");
    while now.progress("balances").paused.is_none() {
        std::thread::yield_now();
    }
    now.report(&lease, SubscriptionState::Paused, None);
    let ended = common::ran(paused.wait_with_output().unwrap());
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stdout.starts_with("balances stands still at position 2"), "{}", ended.stdout);

    now.report(&lease, SubscriptionState::Live, None);
    rig.ok("projections resume balances");
    let taken_back = rig.spawn("projections pause balances --wait-s 600");
    while now.progress("balances").paused.is_none() {
        std::thread::yield_now();
    }
    rig.ok("projections resume balances");
    let ended = common::ran(taken_back.wait_with_output().unwrap());
    assert_eq!(ended.code, Some(4), "{}", ended.stderr);
    assert!(ended.stderr.contains("found the order taken back"), "{}", ended.stderr);
}

#[test]
fn what_is_set_aside_shows_in_the_list_the_status_and_the_health() {
    let rig = log();
    let now = Readers::seconds_ago(&rig, 0);
    let lease = now.projection("balances", 2);
    now.set_aside("balances", &lease, 3, Some("no rate"));
    now.set_aside("balances", &lease, 5, None);
    let health = rig.ok("store health");
    assert!(health.starts_with("degraded: "), "{health}");
    let words = "1 event failed and set aside, 1 waiting\n";
    assert!(health.ends_with(&format!("balances: {words}")), "{health}");
    assert_eq!(json(&rig.ok("--json store health"))["state"], "degraded");
    assert!(rig.ok("projections list").ends_with(&format!("! balances: {words}")));
    assert!(rig.ok("projections status balances").ends_with(&format!("! {words}")));
    let one = json(&rig.ok("--json projections status balances"));
    assert_eq!(one["alarms"], serde_json::json!(["set-aside"]));
}

#[test]
fn a_failed_or_silent_one_makes_a_line_of_a_healthy_stores_health() {
    let rig = log();
    let now = Readers::seconds_ago(&rig, 0);
    let lease = now.projection("balances", 6);
    assert_eq!(rig.ok("store health").lines().count(), 1);
    now.release(&lease, SubscriptionState::Failed, Some("no rate"));
    now.register("totals", SubscriptionKind::Projection);
    let ran = rig.run("store health");
    let line = "balances: failed: no rate; and 1 alarm (factum projections list)\n";
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(ran.stdout.starts_with("unhealthy: ") && ran.stdout.ends_with(line), "{}", ran.stdout);
    let health = json(&rig.run("--json store health").stdout);
    assert_eq!(health["state"], "unhealthy");
    assert_eq!(health["alarms"][1], "totals: nobody runs it, nor ever did");
}

#[test]
fn views_may_be_elsewhere_than_the_log() {
    let rig = log();
    let views = Readers::in_file(&rig, "views.db", TenantScope::default(), 0);
    let lease = views.projection("balances", 2);
    views.report_head(&lease, SubscriptionState::CatchingUp, None, 5);
    let here = rig.ok("--store sqlite:views.db projections list");
    assert!(here.contains("the log here is empty") && here.contains(" 5 "), "{here}");
    let one = json(&rig.ok("--store sqlite:views.db --json projections status balances"));
    assert_eq!((&one["head"], &one["head_reported"]), (&5.into(), &true.into()));
    let both = "--store sqlite:views.db projections --log sqlite:log.db";
    let one = json(&rig.ok(&format!("{both} status balances --json")));
    assert_eq!(
        (&one["head"], &one["lag"], &one["head_reported"]),
        (&6.into(), &4.into(), &false.into())
    );
    let at = "--from-time 2020-01-01 --yes";
    let message =
        rig.fails(2, &format!("--store sqlite:views.db projections rebuild balances {at}"));
    assert!(message.contains("--log URL"), "{message}");
    rig.ok(&format!("{both} rebuild balances {at}"));
    rig.fails(3, "projections list --log sqlite:none.db");
}

#[test]
fn forgetting_needs_one_that_nobody_runs_and_a_yes() {
    let rig = log();
    let past = Readers::seconds_ago(&rig, HOUR);
    let lease = past.projection("gone", 4);
    let now = Readers::seconds_ago(&rig, 0);
    now.projection("balances", 4);
    let message = rig.fails(4, "projections forget balances --yes --owner-gone");
    assert!(message.contains("found web-1 process 4711, last heard of"), "{message}");
    let message = rig.fails(4, "projections forget gone --yes");
    assert!(message.contains("add --owner-gone"), "{message}");
    rig.fails(2, "projections forget gone --owner-gone");
    assert_eq!(now.progress("gone").epoch, lease.epoch, "nothing was changed");
    let said = rig.ok("projections forget gone --owner-gone --yes");
    assert_eq!(said, "gone is forgotten; it was at position 4\n");
    rig.fails(3, "projections forget gone --yes");
    assert_eq!(lines(&rig.ok("--json projections list")).len(), 1);
}
