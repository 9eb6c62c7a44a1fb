//! A log copied from SQLite to PostgreSQL and back, with only the addresses to tell them apart.
#![cfg(feature = "postgres")]

mod common;

use common::{Rig, json, log_csv};
use factum_testkit::servers::{PostgresOptions, TestPostgres, postgres_under_test};

fn servers() -> Vec<TestPostgres> {
    postgres_under_test(&PostgresOptions::default()).expect("the servers start")
}

/// An address with a schema of its own.
fn address(server: &TestPostgres, schema: &str) -> String {
    let url = server.url();
    let sign = if url.contains('?') { '&' } else { '?' };
    format!("{url}{sign}schema={schema}_{}", std::process::id())
}

fn digest(rig: &Rig, store: &str) -> String {
    let verified = json(&rig.ok(&format!("--all-tenants --store {store} --json store verify")));
    assert_eq!(verified["findings"], serde_json::json!([]));
    verified["digest"].as_str().expect("a digest").to_owned()
}

fn full(rig: &Rig) {
    rig.ok("append account/ann opened --claim email=a@example.org --tag a:b --correlation co");
    rig.ok("append account/ann moved --release email=a@example.org --principal me --meta k=v");
    rig.ok("--tenant acme append account/bob opened --claim email=a@example.org --causation ca");
    rig.ok("append account/bob opened --claim email=a@example.org");
    rig.ok("append account/bob moved");
    rig.ok("streams truncate account/bob --before 1 --reason tidy --yes --principal me");
    rig.ok("streams delete account/ann --reason gone --yes");
    rig.write("log.csv", &log_csv(30, 50));
    rig.ok("--tenant globex import csv log.csv");
}

#[test]
fn there_and_back_the_digest_is_the_same() {
    for server in servers() {
        let rig = Rig::new();
        full(&rig);
        let copy = address(&server, "there");
        let there = format!("--json migrate --from sqlite:log.db --to {copy} --batch-size 100");
        let said = rig.ok(&format!("{there} --verify --resume p.json"));
        assert_eq!((&json(&said)["events"], &json(&said)["acts"]), (&1_507.into(), &2.into()));
        rig.ok(&format!("migrate --from {copy} --to sqlite:back.db --verify"));
        let source = digest(&rig, "sqlite:log.db");
        assert_eq!((digest(&rig, &copy), digest(&rig, "sqlite:back.db")), (source.clone(), source));

        // And further, when there is more.
        rig.ok("append account/bob again");
        let said = json(&rig.ok(&format!("{there} --verify --resume p.json")));
        assert_eq!((&said["events"], &said["verified"]["equal"]), (&1.into(), &true.into()));
        rig.fails(4, &there);
    }
}

#[test]
fn a_source_that_is_not_there_is_not_made() {
    for server in servers() {
        let rig = Rig::new();
        let none = address(&server, "none");
        let first = rig.run(&format!("migrate --from {none} --to sqlite:b.db"));
        assert_ne!(first.code, Some(0), "{}", first.stdout);
        let second = rig.run(&format!("--store {none} store stats"));
        assert_ne!(second.code, Some(0), "still none: {}", second.stdout);
        assert!(!rig.path("b.db").exists());
    }
}

#[test]
fn a_dry_run_makes_no_schema() {
    for server in servers() {
        let rig = Rig::new();
        full(&rig);
        let copy = address(&server, "dry");
        let said =
            json(&rig.ok(&format!("--json migrate --from sqlite:log.db --to {copy} --dry-run")));
        assert_eq!(said["events"], 1_507);
        rig.fails(3, &format!("--store {copy} store stats"));
    }
}

#[test]
fn a_password_is_never_shown() {
    for server in servers() {
        let rig = Rig::new();
        let store = address(&server, "secret").replace("//postgres@", "//postgres:s3cret@");
        rig.ok(&format!("--store {store} append account/ann opened"));
        for command in ["store stats", "store health", "--json store stats", "events show 99"] {
            let ran = rig.run(&format!("--store {store} {command}"));
            let shown = format!("{}{}", ran.stdout, ran.stderr);
            assert!(!shown.contains("s3cret"), "{command}: {shown}");
        }
    }
}
