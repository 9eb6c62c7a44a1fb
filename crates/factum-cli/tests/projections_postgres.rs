//! Projections in PostgreSQL, with only the address to tell it apart.
#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::readers::Readers;
use common::{Rig, json, lines};
use factum_testkit::servers::{PostgresOptions, postgres_under_test};

#[test]
fn projections_are_looked_at_and_told_what_to_do() {
    for server in postgres_under_test(&PostgresOptions::default()).expect("the servers start") {
        let rig = Rig::new();
        let url = server.url();
        let sign = if url.contains('?') { '&' } else { '?' };
        let store = format!("{url}{sign}schema=projections_{}", std::process::id());
        for event in 0..6 {
            rig.ok(&format!("--store {store} append account/ann deposited --meta n={event}"));
        }
        let readers = Readers::at(&store);
        let lease = readers.projection("balances", 2);
        readers.set_aside("balances", &lease, 3, Some("no rate"));
        let run = |line: &str| rig.ok(&format!("--store {store} projections {line}"));
        assert!(run("list").contains("balances  projection v1  live"), "{}", run("list"));
        let one = json(&run("status balances --json"));
        assert_eq!((&one["lag"], &one["parked_keys"]), (&3.into(), &1.into()));
        assert!(run("dead-letters show balances 3").contains("\nn            2"));
        run("dead-letters replay balances --all");
        let due = lines(&run("dead-letters list balances --json"));
        assert_eq!(due[0]["due"], true);
        run("dead-letters discard balances --position 3 --yes");
        run("pause balances --reason why --no-wait");
        assert_eq!(readers.progress("balances").paused.unwrap().reason, "why");
        run("resume balances");
        run("rebuild balances --from-position 2 --yes");
        readers.begin_rebuild("balances", &lease, 6);
        assert!(run("list").contains("rebuilding 0 %"), "{}", run("list"));
        readers.release(&lease, factum::SubscriptionState::Stopped, None);
        run("forget balances --yes");
        assert_eq!(run("list"), "no projections or subscribers\n");
    }
}
