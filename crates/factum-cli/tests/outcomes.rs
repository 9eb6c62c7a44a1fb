//! One situation, one exit code: every command against the table of `docs/cli.md`, in words and in
//! JSON.

mod common;

use std::process::Command;

use common::{Ran, Rig, fixture, json, lines, ran};

/// Which store a command works on.
#[derive(Clone, Copy, PartialEq)]
enum Works {
    /// On one that has to be there.
    OnAStore,
    /// On one that it makes.
    OnANewStore,
    /// Without one, or on stores that its own options name.
    Without,
}
use Works::{OnANewStore, OnAStore, Without};

/// Every command there is, as it is given to a store that has what it asks for, or makes it.
fn commands() -> Vec<(Works, String)> {
    let (csv, jsonl, xes) = (fixture("odd.csv"), fixture("foreign.jsonl"), fixture("odd.xes"));
    let commands = [
        (OnANewStore, "append a/b happened"),
        (OnANewStore, &format!("import csv {csv} --on-error skip")),
        (OnANewStore, &format!("import jsonl {jsonl} --on-error skip")),
        (OnANewStore, &format!("import xes {xes} --on-error skip")),
        (OnANewStore, "demo --events 20"),
        (OnAStore, "export jsonl"),
        (OnAStore, "streams list"),
        (OnAStore, "streams categories"),
        (OnAStore, "streams show a/b"),
        (OnAStore, "streams truncate a/b --before 1 --reason r --yes"),
        (OnAStore, "streams delete a/b --reason r --yes"),
        (OnAStore, "snapshots list"),
        (OnAStore, "snapshots delete a/b"),
        (OnAStore, "projections list"),
        (OnAStore, "projections lag"),
        (OnAStore, "projections status p"),
        (OnAStore, "projections pause p"),
        (OnAStore, "projections resume p"),
        (OnAStore, "projections rebuild p --yes"),
        (OnAStore, "projections forget p --yes"),
        (OnAStore, "projections dead-letters list --all"),
        (OnAStore, "projections dead-letters show p 1"),
        (OnAStore, "projections dead-letters replay p --all"),
        (OnAStore, "projections dead-letters discard p --all --yes"),
        (OnAStore, "events show 1"),
        (OnAStore, "events search"),
        (OnAStore, "tail"),
        (OnAStore, "trace c"),
        (OnAStore, "store stats"),
        (OnAStore, "store health"),
        (OnAStore, "store verify"),
        (OnAStore, "store backup copy.db"),
        (OnAStore, "store compact"),
        (OnAStore, "store rebuild-claims"),
        (Without, "migrate --from sqlite:from.db --to sqlite:to.db"),
        (Without, "new begun"),
        (Without, "completions bash"),
    ];
    commands.map(|(works, line)| (works, line.to_owned())).into()
}

/// Every command that `--help` names, to the last level.
fn named_by_help(rig: &Rig, path: &str, found: &mut Vec<String>) {
    let help = rig.ok(&format!("{path} --help"));
    let below = help.split("Commands:\n").nth(1).unwrap_or_default();
    let names = below.lines().take_while(|line| line.starts_with("  "));
    let names = names.filter(|line| !line.starts_with("   ")); // Not the rest of a description.
    let names = names.filter_map(|line| line.trim_start().split(' ').next());
    let names: Vec<&str> = names.filter(|name| *name != "help").collect();
    if names.is_empty() {
        found.push(path.trim().to_owned());
    }
    for name in names {
        named_by_help(rig, &format!("{path} {name}"), found);
    }
}

/// Runs a line in words and in JSON; both end with `code`. Standard error is JSON, or lines that
/// begin with `error:`; standard output has nothing.
fn refused(rig: &Rig, code: i32, line: &str) {
    let words = rig.run(line);
    assert_eq!(words.code, Some(code), "{line}: {}{}", words.stdout, words.stderr);
    assert!(words.stderr.starts_with("error: "), "{line}: {}", words.stderr);
    let json = rig.run(&format!("--json {line}"));
    in_json(code, line, &json);
}

fn in_json(code: i32, line: &str, ran: &Ran) {
    assert_eq!(ran.code, Some(code), "{line}: {}{}", ran.stdout, ran.stderr);
    assert_eq!(ran.stdout, "", "{line}");
    let error = json(&ran.stderr);
    assert_eq!(error["error"]["code"], code, "{line}: {error}");
    assert!(error["error"]["message"].as_str().is_some_and(|it| !it.contains('\n')), "{error}");
}

#[test]
fn every_command_is_in_the_table_of_this_test() {
    let mut named = Vec::new();
    named_by_help(&Rig::new(), "", &mut named);
    let commands = commands();
    for path in &named {
        let listed = |(_, line): &&(Works, String)| line.starts_with(path.as_str());
        assert!(commands.iter().any(|it| listed(&it)), "{path} is not listed");
    }
    assert_eq!(named.len(), commands.len());
}

#[test]
fn a_missing_store_is_not_found_by_any_command() {
    let rig = Rig::new();
    for (works, line) in commands() {
        match works {
            OnAStore => refused(&rig, 3, &line),
            OnANewStore => {
                refused(&rig, 3, &format!("--store sqlite:log.db?create=false {line}"));
                refused(&rig, 3, &format!("--store sqlite:no/folder/log.db {line}"));
            }
            Without => {}
        }
    }
    refused(&rig, 3, "migrate --from sqlite:log.db --to sqlite:to.db");
    rig.ok("append a/b happened");
    refused(&rig, 3, "migrate --from sqlite:log.db --to sqlite:no/folder/to.db");
    refused(&rig, 3, "projections list --log sqlite:other.db");
    refused(&rig, 3, "export jsonl no/folder/e.jsonl");
    refused(&rig, 3, "store backup no/folder/b.db");
    assert!(!rig.path("other.db").exists() && !rig.path("to.db").exists());
}

#[test]
fn a_file_that_exists_is_left_alone_by_every_command_that_would_write_it() {
    let rig = Rig::new();
    rig.ok("append a/b happened");
    rig.write("there", "mine");
    for line in ["export jsonl there", "store backup there", "new there"] {
        refused(&rig, 2, line);
    }
    assert_eq!(std::fs::read_to_string(rig.path("there")).unwrap(), "mine");
}

#[test]
fn a_deleted_stream_is_not_found_by_any_command() {
    let rig = Rig::new();
    rig.ok("append a/b happened");
    rig.ok("streams delete a/b --reason over --yes");
    for line in [
        "append a/b happened",
        "streams show a/b",
        "streams delete a/b --reason again --yes",
        "streams truncate a/b --before 1 --reason again --yes",
    ] {
        refused(&rig, 3, line);
    }
}

#[test]
fn arguments_that_make_no_sense_are_told_in_json_too() {
    let rig = Rig::new();
    for (_, line) in commands() {
        refused(&rig, 2, &format!("{line} --no-such-option"));
    }
    for line in ["", "nonsense", "streams", "append", "events search --limit many", "--tenant"] {
        in_json(2, line, &rig.run(&format!("--json {line}")));
        assert_eq!(rig.run(line).code, Some(2), "{line}");
    }
    let near = json(&rig.fails(2, "--json stream list"));
    assert!(near["error"]["hint"].as_str().unwrap().contains("'streams'"), "{near}");
    // Help and the version are no errors, and no JSON.
    assert!(rig.ok("--json --help").contains("Exit codes"));
    assert!(rig.ok("--json --version").starts_with("factum "));
}

#[test]
fn only_commands_that_need_a_store_mind_a_wrong_address_in_the_environment() {
    let rig = Rig::new();
    rig.ok("--store sqlite:from.db append a/b happened");
    for (works, line) in commands() {
        let run = |json: &str| {
            let mut command = rig.command(&format!("{json}{line}"));
            wrong_address(&mut command);
            ran(command.output().expect("the program starts"))
        };
        match works {
            Without => {
                let ran = run("");
                assert_eq!(ran.code, Some(0), "{line}: {}", ran.stderr);
            }
            OnAStore | OnANewStore => {
                assert_eq!(run("").code, Some(2), "{line}");
                in_json(2, &line, &run("--json "));
            }
        }
    }
}

#[cfg(unix)]
fn wrong_address(command: &mut Command) {
    use std::os::unix::ffi::OsStrExt;
    // Neither an address nor text.
    command.env("FACTUM_STORE", std::ffi::OsStr::from_bytes(b"papyrus:\xff"));
}

#[cfg(not(unix))]
fn wrong_address(command: &mut Command) {
    command.env("FACTUM_STORE", "papyrus:scroll");
}

#[test]
fn what_is_for_programs_is_json_on_both_streams() {
    let rig = Rig::new();
    rig.ok("append a/b happened --correlation c");
    for (works, line) in commands() {
        // Those that change a stream come last, or ask for what is not there.
        let other = line.starts_with("projections") || line.contains("--reason");
        if works != OnAStore || other {
            continue;
        }
        let ran = rig.run(&format!("--json {line}"));
        assert!(!lines(&ran.stdout).is_empty() || line.starts_with("snapshots"), "{line}");
        lines(&ran.stderr);
    }
}

#[test]
fn what_is_lost_is_asked_about_or_needs_yes() {
    let rig = Rig::new();
    rig.ok("append a/b happened");
    for line in ["streams delete a/b --reason r", "streams truncate a/b --before 1 --reason r"] {
        refused(&rig, 2, line);
        assert!(rig.fails(2, line).contains("expected --yes"), "{line}");
    }
    assert_eq!(rig.ok("events search").lines().count(), 1, "nothing was recorded");
}

#[test]
fn help_names_the_default_that_the_program_has_and_no_password() {
    let rig = Rig::new();
    let help = |line: &str| {
        let mut command = rig.command(line);
        command.env("FACTUM_STORE", "postgres://ann:s3cret@db/log");
        let out = ran(command.output().expect("the program starts")).stdout;
        assert!(!out.contains("s3cret"), "{out}");
        out
    };
    assert!(help("streams list --help").contains("sqlite:factum.db"));
    let demo = help("demo --help");
    assert!(demo.contains("sqlite:demo.db") && !demo.contains("sqlite:factum.db"), "{demo}");
    // The option means the same wherever it stands.
    rig.ok("--store sqlite:before.db demo --events 20");
    rig.ok("demo --events 20 --store sqlite:after.db");
    let mut command = rig.command("demo --events 20");
    assert_eq!(ran(command.env_remove("FACTUM_STORE").output().unwrap()).code, Some(0));
    for name in ["before.db", "after.db", "demo.db"] {
        assert!(rig.path(name).exists(), "{name}");
    }
}
