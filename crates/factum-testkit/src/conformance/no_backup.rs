//! Stores that make no copies of themselves.

use factum_core::StoreErrorKind;

use super::rig::{Need, Rig, conformance_cases};
use super::support::{failure, put};

const NO_BACKUP: Need = Need { holds: |it| !it.backup, reason: "the store makes backups" };

conformance_cases!["no_backup", NO_BACKUP;
    a_store_without_backups_says_so_and_leaves_no_file,
];

async fn a_store_without_backups_says_so_and_leaves_no_file(rig: &Rig) {
    let store = rig.open().await;
    put(&store, "ann", 1..2).await;
    let copy = rig.path("copy");
    assert_eq!(failure(store.backup(&copy).await), StoreErrorKind::Unsupported);
    assert!(!copy.exists());
}
