//! Wrong input of each kind: one or two lines that say what was expected, and the exit code.

mod common;

use common::{Rig, fixture};

#[test]
fn addresses_are_not_guessed() {
    let rig = Rig::new();
    for (store, said) in [
        ("papyrus:log", "expected memory:, sqlite:PATH or postgres://HOST/DATABASE"),
        ("log.db", "sqlite:PATH"),
        ("nats://localhost/log", "not built in"),
        ("sqlite:log.db?reader=2", "readers"),
        ("sqlite:log.db?readers=2&readers=3", "twice"),
        ("sqlite:log.db?readers=many", "1 to 64"),
        ("sqlite:", "path"),
    ] {
        let message = rig.fails(2, &format!("--store {store} append a/b c"));
        assert!(message.contains(said), "{store}: {message}");
        assert!(message.lines().count() <= 2, "{message}");
    }
}

#[test]
fn what_is_no_store_is_left_alone() {
    let rig = Rig::new();
    rig.fails(3, "streams list");
    assert!(!rig.path("log.db").exists(), "looking makes no store");
    rig.write("notes.txt", "these are notes, and no database at all");
    let message = rig.fails(7, "--store sqlite:notes.txt tail");
    assert!(message.contains("not a Factum store") && message.contains("untouched"), "{message}");
    rig.fails(2, "--store sqlite:. tail");
    let before = std::fs::read(rig.path("notes.txt")).unwrap();
    rig.fails(7, "--store sqlite:notes.txt append a/b c");
    assert_eq!(std::fs::read(rig.path("notes.txt")).unwrap(), before);
}

#[test]
fn names_and_payloads_are_checked() {
    let rig = Rig::new();
    for (code, line) in [
        (2, "append nostream type"),
        (2, "append a/b type --tag notag"),
        (2, "append a/b type --expected sometimes"),
        (2, "append a/b type --claim email"),
        (2, "append a/b type --meta k"),
        (5, "append a/b type --payload {"),
        (3, "append a/b type --payload @nothing.json"),
        (5, "append a/b factum.stream-tombstoned"),
        (2, "events search --tag notag"),
        (2, "events search --since yesterday"),
        (2, "append a/b type --tenant two/words"),
        (2, "nonsense"),
    ] {
        rig.fails(code, line);
    }
    assert!(!rig.path("log.db").exists() || rig.ok("tail").is_empty());
}

#[test]
fn files_that_are_not_there_or_no_files() {
    let rig = Rig::new();
    assert!(rig.fails(3, "import csv nothing.csv").contains("nothing.csv"));
    assert!(rig.fails(2, "import csv .").contains("found a directory"));
    rig.write("empty.csv", "");
    assert!(rig.fails(5, "import csv empty.csv").contains("no columns at all"));
    rig.write("damaged.csv.gz", "\u{1f}");
    std::fs::write(rig.path("damaged.csv.gz"), [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xff, 0xff])
        .unwrap();
    rig.fails(5, "import csv damaged.csv.gz");
    rig.ok(&format!("import csv {}", fixture("odd.csv")));
    rig.ok("export jsonl out.jsonl");
    let error = rig.fails(2, "export jsonl out.jsonl");
    assert!(error.contains("out.jsonl: expected no file of this name, found one"), "{error}");
}

#[test]
fn help_lists_the_exit_codes() {
    let rig = Rig::new();
    let help = rig.ok("--help");
    assert!(help.contains("130  interrupted") && help.contains("sqlite:factum.db"), "{help}");
}

#[cfg(unix)]
#[test]
fn a_store_without_permission_is_denied() {
    use std::os::unix::fs::PermissionsExt;

    let rig = Rig::new();
    rig.ok("append a/b c");
    let set = |mode| {
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(rig.path("log.db"), mode).expect("it is our file");
    };
    set(0);
    if std::fs::read(rig.path("log.db")).is_ok() {
        println!("not run: this user may read everything");
        return;
    }
    let message = rig.fails(9, "tail");
    assert!(message.contains("log.db"), "{message}");
    set(0o600);
}
