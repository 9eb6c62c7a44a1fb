//! Copies of a whole store.

use factum_core::{Expected, SharedStore, StoreErrorKind, TenantScope};

use super::rig::{Need, Rig, conformance_cases};
use super::snapshots::{latest, save, snapshot};
use super::subscribers::{advance, letters, parked, run, set_aside, step, stored};
use super::support::{
    account, all, command, conflict, failure, one, owner, position, put, put_one, record, refusal,
    takes, to,
};

const BACKUP: Need = Need { holds: |it| it.backup, reason: "the store makes no backups" };

conformance_cases!["backup", BACKUP;
    f28_a_backup_holds_everything_up_to_its_position,
    a_backup_holds_claims_commands_and_deletions,
    a_backup_holds_snapshots,
    a_backup_holds_subscriptions,
    a_backup_never_overwrites,
    the_store_goes_on_after_a_backup,
];

/// The store that the copy named `name` becomes.
async fn restored(rig: &Rig, name: &str) -> SharedStore {
    let home = rig.path("restored");
    std::fs::create_dir_all(&home).expect("the temporary folder is writable");
    rig.fixture().restore(&rig.path(name), &home).await;
    rig.open_at(&home, TenantScope::default()).await
}

async fn f28_a_backup_holds_everything_up_to_its_position(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 1..4).await;
    put(&store, "bob", 4..6).await;
    let before = all(&store).await;
    assert_eq!(store.backup(&rig.path("copy")).await.expect("copied"), position(5));
    put(&store, "ann", 6..7).await;
    assert_eq!(all(&restored(rig, "copy").await).await, before);
}

async fn a_backup_holds_claims_commands_and_deletions(rig: &Rig) {
    let store = rig.open().await;
    put_one(&store, "ann", takes(1, "a@x")).await;
    put(&store, "bob", 2..3).await;
    store.tombstone(&account("bob"), Expected::Any, record(3)).await.expect("it exists");
    let request = || to("zoe", Expected::NoStream, 4..5).command(command("c1", "zoe"));
    store.append(request()).await.expect("the first use of the command");
    store.backup(&rig.path("copy")).await.expect("copied");
    let copy = restored(rig, "copy").await;
    assert_eq!(owner(&copy, "a@x").await, Some(account("ann")));
    conflict(copy.append(one("new", takes(5, "a@x"))).await);
    refusal(copy.append(to("bob", Expected::Any, 5..6)).await);
    assert!(copy.append(request()).await.expect("the command is repeated").repeated);
}

async fn a_backup_holds_snapshots(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 1..4).await;
    save(&store, "ann", 2).await;
    store.backup(&rig.path("copy")).await.expect("copied");
    assert_eq!(latest(&restored(rig, "copy").await, "ann").await, Some(snapshot("ann", 2)));
}

async fn a_backup_holds_subscriptions(rig: &Rig) {
    let store = rig.open().await;
    let lease = run(&store, "mails").await;
    advance(&store, step(&lease, 0, 5)).await;
    set_aside(&store, &lease, [parked(3, "k")]).await;
    store.backup(&rig.path("copy")).await.expect("copied");
    let restored = restored(rig, "copy").await;
    assert_eq!(stored(&restored, "mails").await, stored(&store, "mails").await);
    assert_eq!(letters(&restored).await, ["mails 3 k parked"]);
}

async fn a_backup_never_overwrites(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 1..2).await;
    let taken = rig.path("taken");
    std::fs::write(&taken, "mine").expect("the temporary folder is writable");
    assert_eq!(failure(store.backup(&taken).await), StoreErrorKind::Invalid);
    assert_eq!(std::fs::read(&taken).expect("the file is there"), b"mine");
}

async fn the_store_goes_on_after_a_backup(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 1..3).await;
    store.backup(&rig.path("copy")).await.expect("copied");
    put(&store, "ann", 3..5).await;
    assert_eq!(store.backup(&rig.path("copy2")).await.expect("copied"), position(4));
    assert_eq!(all(&restored(rig, "copy2").await).await, all(&store).await);
}
