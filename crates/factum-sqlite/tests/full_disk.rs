//! F6: the disk fills up. Appends fail with a typed error and store nothing, reads go on, and once
//! there is room the same store appends again.
//!
//! The disk is a small file system in memory, mounted in a namespace of its own; where that is not
//! allowed, its case is shown as ignored.

mod common;

use std::path::Path;
use std::process::Command;

use common::{all, append, open};
use factum_core::{AppendError, EventStore, Maintenance, StoreErrorKind};
use factum_sqlite::{SqliteStore, SqliteStoreConfig};
use libtest_mimic::{Arguments, Failed, Trial};

const MOUNTED: &str = "FACTUM_TEST_SMALL_DISK";

fn main() {
    if let Ok(mounted) = std::env::var(MOUNTED) {
        return block_on(fills_and_recovers(Path::new(&mounted)));
    }
    let can_mount = in_namespace(&["true"]).status().is_ok_and(|status| status.success());
    let trials = vec![
        Trial::test("f6_a_size_limit_refuses_appends_and_keeps_reading", || {
            block_on(limit_refuses());
            Ok(())
        }),
        Trial::test("f6_a_full_disk_recovers_without_a_restart", on_small_disk)
            .with_ignored_flag(!can_mount),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn block_on(future: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build();
    runtime.expect("a runtime").block_on(future);
}

fn in_namespace(command: &[&str]) -> Command {
    let mut unshare = Command::new("unshare");
    unshare.args(["--map-root-user", "--mount"]).args(command);
    unshare
}

fn on_small_disk() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let script = r#"mount -t tmpfs -o size=4m tmpfs "$FACTUM_TEST_SMALL_DISK" && exec "$0""#;
    let own = std::env::current_exe()?;
    let own = own.to_str().ok_or("the test binary has a plain name")?;
    let mut child = in_namespace(&["sh", "-c", script, own]);
    let output = child.env(MOUNTED, folder.path()).output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stderr).into_owned().into())
}

/// Appends until there is no room. Returns how many appends were acknowledged.
async fn fill(store: &SqliteStore) -> u64 {
    for number in 0..100_000 {
        match store.append(append("ann", number..number + 1)).await {
            Ok(_) => {}
            Err(AppendError::Store(error)) => {
                assert_eq!(error.kind(), StoreErrorKind::StorageFull, "{error}");
                return number;
            }
            Err(other) => panic!("expected the storage to be full, found {other}"),
        }
    }
    panic!("the storage never filled up");
}

async fn limit_refuses() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("log.db");
    let config = SqliteStoreConfig { bytes_max: Some(1 << 20), ..SqliteStoreConfig::new(&path) };
    let store = SqliteStore::open(config).await.expect("it opens");
    let acknowledged = fill(&store).await;
    assert_eq!(all(&store).await.len() as u64, acknowledged, "refused appends stored nothing");
    assert!(!store.health().await.expect("it reads").writable);
    drop(store);
    let larger = SqliteStoreConfig { bytes_max: Some(4 << 20), ..SqliteStoreConfig::new(&path) };
    let store = SqliteStore::open(larger).await.expect("it opens");
    store.append(append("ann", 0..100)).await.expect("there is room again");
    assert_eq!(store.verify().await.expect("it reads").findings, [""; 0]);
}

async fn fills_and_recovers(disk: &Path) {
    let ballast = disk.join("ballast");
    std::fs::write(&ballast, vec![1; 2 << 20]).expect("room for the ballast");
    let store = open(disk).await;
    let acknowledged = fill(&store).await;
    assert_eq!(all(&store).await.len() as u64, acknowledged, "refused appends stored nothing");
    assert!(!store.health().await.expect("it reads").writable);
    assert!(store.append(append("bob", 0..50)).await.is_err(), "there is still no room");

    std::fs::remove_file(ballast).expect("the ballast goes");
    store.append(append("bob", 0..50)).await.expect("there is room again, without a restart");
    assert!(store.health().await.expect("it reads").writable);
    assert_eq!(all(&store).await.len() as u64, acknowledged + 50);
    assert_eq!(store.verify().await.expect("it reads").findings, [""; 0]);
}
