//! A project that was begun builds, passes its tests and runs.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use std::path::Path;
use std::process::Command;

use common::{Rig, ran};

const CHECKOUT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

#[test]
fn the_project_passes_its_tests_and_runs() {
    let rig = Rig::new();
    let out = rig.ok(&format!("new basket --factum {CHECKOUT}"));
    assert!(out.starts_with("basket/ is ready:"), "{out}");
    let folder = rig.path("basket");
    // The versions that this workspace was built with: nothing has to be fetched.
    std::fs::copy(Path::new(CHECKOUT).join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    let cargo = |arguments: &[&str]| {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(arguments).args(["--offline", "--quiet"]).current_dir(&folder);
        cargo.env("CARGO_TARGET_DIR", target()).env_remove("FACTUM_STORE");
        cargo
    };
    let tested = ran(cargo(&["test"]).output().unwrap());
    assert_eq!(tested.code, Some(0), "{}{}", tested.stdout, tested.stderr);
    assert!(tested.stdout.contains("3 passed"), "{}", tested.stdout);
    for expected in [
        "added; position 1 of the log\n- bread\n",
        "not added: it is on the list already\n- bread\n",
    ] {
        let run = ran(cargo(&["run"]).output().unwrap());
        assert_eq!(run.stdout, expected, "{}", run.stderr);
    }
}

/// Build output beside that of this test, so that it is there the next time.
fn target() -> std::path::PathBuf {
    let program = Path::new(env!("CARGO_BIN_EXE_factum"));
    program.parent().unwrap().parent().unwrap().join("begun-project")
}

#[test]
fn a_project_inside_another_ones_folder_stands_on_its_own() {
    let rig = Rig::new();
    rig.write("Cargo.toml", "[workspace]\nresolver = \"3\"\n");
    rig.ok(&format!("new basket --factum {CHECKOUT}"));
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--no-deps", "--offline", "--format-version", "1"]);
    let found = ran(cargo.current_dir(rig.path("basket")).output().unwrap());
    assert_eq!(found.code, Some(0), "{}", found.stderr);
}

#[test]
fn nothing_is_written_over() {
    let rig = Rig::new();
    std::fs::create_dir(rig.path("basket")).unwrap();
    let error = rig.fails(2, "new basket");
    assert!(error.contains("expected no file or folder basket, found one"), "{error}");
    assert!(!rig.path("basket/Cargo.toml").exists());
}

#[test]
fn a_name_that_cargo_would_refuse_is_refused_first() {
    let rig = Rig::new();
    for name in ["Basket", "9lives", "test", "a/b", "..", "-"] {
        rig.fails(2, &format!("new -- {name}"));
    }
    let error = rig.fails(3, "new basket --factum nowhere");
    assert!(error.contains("found no crates/factum there"), "{error}");
    assert!(!rig.path("basket").exists());
}

#[test]
fn published_crates_are_named_by_version() {
    let rig = Rig::new();
    rig.ok("--json new basket");
    let manifest = std::fs::read_to_string(rig.path("basket/Cargo.toml")).unwrap();
    let expected = format!("factum = \"{}\"", env!("CARGO_PKG_VERSION"));
    assert!(manifest.contains(&expected), "{manifest}");
}
