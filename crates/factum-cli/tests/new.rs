//! A project that was begun stands on its own and compiles, tests included. What it does is tested
//! where its files are a program of this workspace: `examples/list`.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

use common::{Rig, ran};

const CHECKOUT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

#[test]
fn the_project_compiles_with_its_tests() {
    let rig = Rig::new();
    let out = rig.ok("new basket");
    assert!(out.starts_with("basket/ is ready:"), "{out}");
    let mut cargo = Command::new(env!("CARGO"));
    // Nothing has to be fetched: the versions are those that this workspace was built with.
    cargo.args(["check", "--all-targets", "--offline", "--quiet"]);
    cargo.current_dir(rig.path("basket")).env("CARGO_TARGET_DIR", target());
    cargo.env_remove("FACTUM_STORE");
    let checked = ran(cargo.output().unwrap());
    assert_eq!(checked.code, Some(0), "{}", checked.stderr);
    assert_eq!(checked.stderr, "", "it compiles without a warning");
}

/// The folder into which this test was built: what the project needs is partly there, and the rest
/// is there the next time.
fn target() -> PathBuf {
    let program = Path::new(env!("CARGO_BIN_EXE_factum"));
    program.ancestors().nth(2).unwrap().into()
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
    assert!(error.contains("hint: nothing was written"), "{error}");
    assert!(!rig.path("basket").exists());
}

#[test]
fn the_crates_are_those_of_the_checkout_that_the_program_was_built_from() {
    let rig = Rig::new();
    rig.ok("--json new basket");
    let manifest = std::fs::read_to_string(rig.path("basket/Cargo.toml")).unwrap();
    let crates = Path::new(CHECKOUT).canonicalize().unwrap().join("crates/factum");
    let expected = format!("factum = {{ path = {crates:?} }}");
    assert!(manifest.contains(&expected), "{manifest}");
    // What the sources say of themselves holds for any name.
    for file in ["main.rs", "list.rs", "trip.rs", "open_items.rs"] {
        let text = std::fs::read_to_string(rig.path(&format!("basket/src/{file}"))).unwrap();
        assert!(!text.contains("{name}"), "{file}");
    }
}
