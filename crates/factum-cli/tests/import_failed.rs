//! Imports that end half way because of the store: what was stored is told, and what to do.

mod common;

use common::{Rig, json, log_csv};

#[test]
fn a_full_store_tells_what_was_stored_and_the_import_goes_on_once_there_is_room() {
    let rig = Rig::new();
    rig.write("log.csv", &log_csv(100, 200));
    let full = "--store sqlite:log.db?bytes_max=1000000";
    let ran = rig.run(&format!("{full} import csv log.csv"));
    assert_eq!(ran.code, Some(8), "{}", ran.stderr);
    let stored = json(&rig.ok("--json store stats"))["events"].as_u64().unwrap();
    assert!(stored >= 1_000, "{stored}");
    assert!(ran.stdout.starts_with("imported ") && ran.stdout.contains("from log.csv"), "{ran:?}");
    assert!(ran.stderr.contains("hint: what came before it is stored; make room"), "{ran:?}");
    assert!(!ran.stderr.contains("nothing was stored"), "{ran:?}");
    let again = rig.run(&format!("--json {full} import csv log.csv"));
    assert_eq!(again.code, Some(8), "{}", again.stderr);
    let said = json(&again.stdout);
    let held = json(&rig.ok("--json store stats"))["events"].as_u64().unwrap();
    let count = |name: &str| said[name].as_u64().unwrap();
    assert_eq!(count("stored") + count("already_stored"), held, "{said}");
    assert_eq!((count("head"), &said["complete"]), (held, &false.into()), "{said}");
    let third = rig.fails(8, &format!("{full} import csv log.csv"));
    assert!(third.contains("hint: what came before it is stored; make room"), "{third}");
    let rest = json(&rig.ok("--json import csv log.csv"));
    assert_eq!((&rest["stored"], &rest["complete"]), (&(20_000 - held).into(), &true.into()));
}

#[test]
fn a_row_that_the_store_refuses_ends_the_import_with_its_counts() {
    let rig = Rig::new();
    rig.ok("append case/gone made");
    rig.ok("streams delete case/gone --reason x --yes");
    let log = log_csv(30, 100);
    rig.write("log.csv", &format!("{log}gone,x,2024-01-01T00:00:00Z,n\n{log}"));
    let ran = rig.run("--json import csv log.csv");
    assert_eq!(ran.code, Some(5), "{}", ran.stderr);
    let said = json(&ran.stdout);
    assert_eq!((&said["stored"], &said["complete"]), (&3_000.into(), &false.into()), "{said}");
    let error = json(&ran.stderr);
    assert!(error["error"]["message"].as_str().unwrap().contains("log.csv, line 3002: "));
    let hint = error["error"]["hint"].as_str().unwrap();
    assert!(hint.starts_with("what came before it is stored; mend it"), "{hint}");
    let again = rig.run("import csv log.csv");
    assert_eq!((again.code, again.stdout.as_str()), (Some(5), ""), "nothing new came of it");
}
