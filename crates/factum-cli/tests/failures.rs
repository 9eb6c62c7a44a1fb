//! What an operator reads when a store fails: the line after the error says what helps, and nothing else.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;

use common::{Ran, Rig, ran};
use factum_testkit::servers::{
    NO_PGBOUNCER, PgBouncer, PoolMode, PostgresInstall, PostgresOptions, PostgresServer,
};

/// An account that owns nothing, for when the tests run as one that may do everything.
const NOBODY: u32 = 65_534;

/// The program beside the store: an account that owns nothing need not reach where it was built.
const PROGRAM: &str = "program";

fn as_reader(rig: &Rig, line: &str) -> Ran {
    let mut command = rig.command_of(rig.path(PROGRAM), line);
    if fs::metadata("/proc/self").is_ok_and(|it| it.uid() == 0) {
        command.uid(NOBODY).gid(NOBODY);
    }
    ran(command.output().unwrap())
}

fn set(rig: &Rig, file: u32, folder: u32) {
    fs::set_permissions(rig.path("log.db"), Permissions::from_mode(file)).unwrap();
    fs::set_permissions(rig.path("."), Permissions::from_mode(folder)).unwrap();
}

#[test]
fn a_store_that_may_only_be_read_can_be_looked_at() {
    let rig = Rig::new();
    rig.ok("append s/1 t --tag kind:one");
    fs::copy(env!("CARGO_BIN_EXE_factum"), rig.path(PROGRAM)).unwrap();
    set(&rig, 0o444, 0o555);
    for line in [
        "streams list",
        "streams show s/1",
        "streams categories",
        "events search --tag kind:one",
        "events show 1",
        "tail",
        "store stats",
        "store verify",
        "projections list",
        "snapshots list",
        "export jsonl",
    ] {
        let looked = as_reader(&rig, line);
        assert_eq!(looked.code, Some(0), "{line}: {}{}", looked.stdout, looked.stderr);
    }
    let refused = as_reader(&rig, "append s/1 t");
    assert_eq!(refused.code, Some(9), "{}{}", refused.stdout, refused.stderr);
    assert!(refused.stderr.contains("permission denied"), "{}", refused.stderr);
    assert!(refused.stderr.contains("nothing was stored"), "{}", refused.stderr);
    let health = as_reader(&rig, "store health");
    assert_eq!(health.code, Some(1), "{}{}", health.stdout, health.stderr);
    set(&rig, 0o644, 0o755);
}

#[test]
fn a_store_in_a_folder_that_may_not_be_entered_is_denied_to_every_command() {
    let rig = Rig::new();
    fs::copy(env!("CARGO_BIN_EXE_factum"), rig.path(PROGRAM)).unwrap();
    fs::create_dir(rig.path("closed")).unwrap();
    rig.ok("--store sqlite:closed/log.db append s/1 t");
    fs::set_permissions(rig.path("."), Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(rig.path("closed"), Permissions::from_mode(0o000)).unwrap();
    for line in ["streams list", "append s/1 t", "store verify", "projections list"] {
        let denied = as_reader(&rig, &format!("--store sqlite:closed/log.db {line}"));
        assert_eq!(denied.code, Some(9), "{line}: {}{}", denied.stdout, denied.stderr);
        assert!(denied.stderr.contains("permission denied"), "{line}: {}", denied.stderr);
    }
    fs::set_permissions(rig.path("closed"), Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_password_is_neither_misread_nor_shown() {
    let rig = Rig::new();
    for store in ["postgres://ann:p@s3cret@host/db", "postgres://ann:s3cret?a=b@host/db"] {
        let message = rig.fails(2, &format!("--store {store} streams list"));
        assert!(message.contains("percent-encoded") && message.contains("%40"), "{message}");
        assert!(!message.contains("s3cret"), "{message}");
    }
}

#[test]
fn a_server_that_is_not_there_is_named_and_nothing_is_said_of_storing() {
    let rig = Rig::new();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let store = format!("postgres://ann:s3cret@{closed}/db");
    let message = rig.fails(6, &format!("--store {store} streams list"));
    assert!(message.contains(&format!("could not connect to {closed}: connection refused")));
    assert!(!message.contains("s3cret") && !message.contains("stored"), "{message}");
}

#[test]
fn a_pooler_that_mixes_up_prepared_statements_is_told_apart() {
    let Some(install) = PostgresInstall::newest() else { return };
    if PgBouncer::find().is_none() {
        println!("{NO_PGBOUNCER}");
        return;
    }
    let server = PostgresServer::start(&install, &PostgresOptions::default()).unwrap();
    let pooler = PgBouncer::start(&server, PoolMode::Transaction).unwrap();
    let (rig, store) = (Rig::new(), pooler.url("postgres"));
    for _ in 0..3 {
        let ran = rig.run(&format!("--store {store} append s/1 t"));
        if ran.code != Some(0) {
            assert_eq!(ran.code, Some(2), "{}", ran.stderr);
            assert!(ran.stderr.contains("prepare=false"), "{}", ran.stderr);
            assert!(!ran.stderr.contains("try again"), "{}", ran.stderr);
        }
    }
    for _ in 0..3 {
        rig.ok(&format!("--store {store}?prepare=false append s/1 t"));
    }
}
