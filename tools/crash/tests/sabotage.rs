//! The whole harness, children and kills included, fails when the store is broken on purpose.

use std::process::{Command, Output};

fn run(sabotage: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_factum-crash"));
    command.args(["run", "--seed", "5", "--rounds", "4"]).args(sabotage);
    command.output().expect("the harness starts")
}

fn caught(kind: &str, invariant: &str) {
    let output = run(&["--sabotage", kind]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{kind} went unnoticed");
    assert!(said.contains(invariant), "expected {invariant:?} in: {said}");
    assert!(said.contains("--seed 5"), "the seed is missing in: {said}");
    let kept = said.lines().find_map(|line| line.strip_prefix("the stores are kept in "));
    std::fs::remove_dir_all(kept.expect("it says where")).expect("the folder is ours");
}

#[test]
fn an_honest_store_passes() {
    let output = run(&[]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("every invariant held: 4 rounds"), "{said}");
}

#[test]
fn acknowledging_without_storing_is_caught() {
    caught("drop", "acknowledged appends are there");
}

#[test]
fn tearing_appends_is_caught() {
    caught("tear", "appends are whole or absent");
}

#[test]
fn forgetting_commands_is_caught() {
    caught("forget", "every event was asked for once");
}

#[test]
fn ignoring_guards_is_caught() {
    caught("blind", "guards held");
}
