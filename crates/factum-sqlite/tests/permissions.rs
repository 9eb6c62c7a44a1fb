//! Files that may not be read are refused as denied; files that may only be read can be looked at, and
//! writing to them is denied. The superuser may do everything, so under that account the tests run
//! as another user, and are shown as ignored where that is not allowed.

mod common;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use common::{all, append, open, snapshot, try_open};
use factum_core::{
    AppendError, EventStore, Maintenance, Position, SnapshotStore, StoreErrorKind, StreamAdmin,
    StreamList,
};
use libtest_mimic::{Arguments, Failed, Trial};
use tempfile::TempDir;

/// An account that owns nothing.
const NOBODY: u32 = 65_534;
const AS_NOBODY: &str = "FACTUM_TEST_AS_NOBODY";

fn main() {
    let superuser = may_do_everything();
    if superuser && std::env::var_os(AS_NOBODY).is_none() {
        let own = std::env::current_exe().expect("a test binary has a path");
        let mut child = Command::new(own);
        child.args(std::env::args_os().skip(1)).env(AS_NOBODY, "1").uid(NOBODY).gid(NOBODY);
        if let Ok(status) = child.current_dir("/").status() {
            std::process::exit(status.code().unwrap_or(1));
        }
    }
    macro_rules! trials {
        ($($name:ident),* $(,)?) => {
            vec![$(Trial::test(stringify!($name), || block_on($name())).with_ignored_flag(superuser)),*]
        };
    }
    let trials = trials![
        a_file_that_may_not_be_read_is_denied,
        a_store_that_may_only_be_read_can_be_looked_at,
        a_reader_sees_what_a_writer_appends,
        a_file_at_rest_that_is_written_to_is_read_anew,
        an_older_format_that_may_only_be_read_says_what_to_do,
        a_folder_that_may_not_be_written_to_makes_no_store,
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn may_do_everything() -> bool {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let locked = folder.path().join("locked");
    fs::write(&locked, "x").expect("a file");
    set(&locked, 0o0);
    fs::read(&locked).is_ok()
}

fn block_on(test: impl Future<Output = Result<(), Failed>>) -> Result<(), Failed> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?
        .block_on(test)
}

fn set(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("the owner sets permissions");
}

/// A folder with a store of three events, and then with these permissions.
async fn store_with(file: u32, folder: u32) -> Result<TempDir, Failed> {
    let made = tempfile::tempdir()?;
    open(made.path()).await.append(append("ann", 0..3)).await?;
    set(&made.path().join("log.db"), file);
    set(made.path(), folder);
    Ok(made)
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("it can be listed");
    let names = entries.map(|it| it.expect("an entry").file_name().to_string_lossy().into_owned());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

async fn a_file_that_may_not_be_read_is_denied() -> Result<(), Failed> {
    let folder = store_with(0o0, 0o755).await?;
    let error = try_open(folder.path()).await.expect_err("no permission");
    assert_eq!(error.kind(), StoreErrorKind::Denied, "{error}");
    assert!(error.to_string().contains("permission denied"), "{error}");
    Ok(())
}

async fn a_store_that_may_only_be_read_can_be_looked_at() -> Result<(), Failed> {
    for (file, folder_mode) in [(0o444, 0o555), (0o644, 0o555), (0o444, 0o755)] {
        let folder = store_with(file, folder_mode).await?;
        let store = open(folder.path()).await;
        assert_eq!(all(&store).await.len(), 3);
        assert_eq!(store.streams(StreamList::default()).await?.len(), 1);
        assert_eq!(store.stats().await?.events, 3);
        assert_eq!(store.verify().await?.findings, [""; 0]);
        let elsewhere = tempfile::tempdir()?;
        assert_eq!(store.backup(&elsewhere.path().join("log.db")).await?, Position::new(3));
        assert_eq!(all(&open(elsewhere.path()).await).await.len(), 3);
        let health = store.health().await?;
        assert!(!health.writable && health.problem.contains("permission denied"), "{health:?}");

        let Err(AppendError::Store(denied)) = store.append(append("ann", 3..4)).await else {
            return Err("expected a failure of the store".into());
        };
        let saved = store.save_snapshot(snapshot("ann", 1)).await.expect_err("it may not");
        let compacted = store.compact().await.expect_err("it may not");
        for denied in [denied, saved, compacted] {
            assert_eq!(denied.kind(), StoreErrorKind::Denied, "{denied}");
            assert!(denied.to_string().contains("permission denied"), "{denied}");
        }
        drop(store);
        assert_eq!(names(folder.path()), ["log.db"], "nothing is left beside it");
        set(folder.path(), 0o755);
    }
    Ok(())
}

async fn a_reader_sees_what_a_writer_appends() -> Result<(), Failed> {
    let folder = store_with(0o644, 0o755).await?;
    let writer = open(folder.path()).await;
    set(&folder.path().join("log.db"), 0o444);
    set(folder.path(), 0o555);
    let reader = open(folder.path()).await;
    assert!(!reader.health().await?.writable);
    let mut watch = reader.watch();
    writer.append(append("ann", 3..4)).await?;
    watch.past(Position::new(3)).await?;
    assert_eq!(all(&reader).await.len(), 4);
    set(folder.path(), 0o755);
    Ok(())
}

async fn a_file_at_rest_that_is_written_to_is_read_anew() -> Result<(), Failed> {
    let folder = store_with(0o444, 0o555).await?;
    let reader = open(folder.path()).await;
    assert_eq!(all(&reader).await.len(), 3);
    let mut watch = reader.watch();
    for round in 0..3 {
        set(folder.path(), 0o755);
        set(&folder.path().join("log.db"), 0o644);
        let writer = open(folder.path()).await;
        writer.append(append("ann", 3 + round..4 + round)).await?;
        watch.past(Position::new(3 + round)).await?;
        assert_eq!(all(&reader).await.len() as u64, 4 + round);
        drop(writer);
        assert_eq!(all(&reader).await.len() as u64, 4 + round);
        assert_eq!(reader.verify().await?.findings, [""; 0]);
    }
    Ok(())
}

async fn an_older_format_that_may_only_be_read_says_what_to_do() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("log.db");
    fs::write(&path, include_bytes!("fixtures/format-4.db"))?;
    set(&path, 0o444);
    let error = try_open(folder.path()).await.expect_err("it cannot be brought forward");
    assert_eq!(error.kind(), StoreErrorKind::Incompatible, "{error}");
    assert!(error.advice().is_some_and(|it| it.contains("may write")), "{error}");
    Ok(())
}

async fn a_folder_that_may_not_be_written_to_makes_no_store() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    set(folder.path(), 0o555);
    let error = try_open(folder.path()).await.expect_err("it cannot be made");
    assert_eq!(error.kind(), StoreErrorKind::Denied, "{error}");
    Ok(())
}
