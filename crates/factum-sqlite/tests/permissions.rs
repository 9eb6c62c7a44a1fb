//! A file that may not be read is refused as denied. The superuser may read everything, so under
//! that account this is shown as ignored.

mod common;

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use factum_core::StoreErrorKind;
use libtest_mimic::{Arguments, Failed, Trial};

fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let locked = folder.path().join("locked");
    std::fs::write(&locked, "x").expect("a file");
    std::fs::set_permissions(&locked, Permissions::from_mode(0o0)).expect("permissions");
    let superuser = std::fs::read(&locked).is_ok();
    let trials = vec![
        Trial::test("a_file_without_permission_is_denied", denied).with_ignored_flag(superuser),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn denied() -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(async {
        let folder = tempfile::tempdir()?;
        drop(common::open(folder.path()).await);
        let permissions = Permissions::from_mode(0o0);
        std::fs::set_permissions(folder.path().join("log.db"), permissions)?;
        let error = common::try_open(folder.path()).await.expect_err("no permission");
        if error.kind() == StoreErrorKind::Denied { Ok(()) } else { Err(error.into()) }
    })
}
