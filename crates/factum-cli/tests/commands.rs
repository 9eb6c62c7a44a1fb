//! Every command: what it prints for people and for programs.

mod common;

use common::{Rig, fixture, json, lines};

fn filled() -> Rig {
    let rig = Rig::new();
    rig.ok("append account/ann opened --claim email=ann@example.org --tag owner:ann --correlation co --causation open-ann");
    rig.ok(
        "append account/ann deposited --payload {\"amount\":10} --tag owner:ann --correlation co",
    );
    rig.ok("append account/bob opened --tag owner:bob");
    rig.ok("append order/1 placed --expected none --principal bob --meta source=test");
    rig
}

#[test]
fn every_command_speaks_json_and_never_in_colour() {
    let rig = filled();
    let commands = [
        "streams list",
        "streams categories",
        "streams show account/ann",
        "events show 1",
        "events show account/ann@1",
        "events search",
        "tail -n 2",
        "trace co",
        "store stats",
        "store health",
        "store verify",
        "store compact",
        "store rebuild-claims",
        "store backup copy.db",
        "append order/1 paid",
        "completions bash",
        "export jsonl out.jsonl",
        "streams truncate account/ann --before 1 --reason r --yes",
        "streams delete account/bob --reason r --yes",
    ];
    for command in commands {
        let out = rig.ok(&format!("--json {command}"));
        assert!(!lines(&out).is_empty(), "{command}");
    }
    for command in commands.into_iter().take(14) {
        let mut plain = rig.command(command);
        if command.contains("backup") {
            continue;
        }
        let out = plain.env("TERM", "xterm-256color").env("CLICOLOR_FORCE", "0").output().unwrap();
        let out = String::from_utf8(out.stdout).unwrap();
        assert!(!out.contains('\u{1b}') && !out.contains(['─', '│', '└']), "{command}: {out}");
    }
}

#[test]
fn an_error_is_json_too() {
    let rig = filled();
    let error = json(&rig.fails(3, "--json events show 99"));
    assert_eq!(error["error"]["kind"], "not-found");
    assert_eq!(error["error"]["code"], 3);
}

#[test]
fn a_command_is_carried_out_once() {
    let rig = filled();
    let first = json(&rig.ok("--json append order/2 placed --command c1"));
    let again = json(&rig.ok("--json append order/2 placed --command c1"));
    assert_eq!((&first["repeated"], &again["repeated"]), (&false.into(), &true.into()));
    assert_eq!(first["position"], again["position"]);
    assert!(rig.fails(5, "append order/3 placed --command c1").contains("order/2"));
    for other in
        ["--tag vip:yes", "--payload [1]", "--claim number=7", "--principal eve", "--meta a=b"]
    {
        let said = rig.fails(5, &format!("append order/2 placed --command c1 {other}"));
        assert!(
            said.contains("order/2 was first asked under this id, found another one"),
            "{said}"
        );
    }
    let said = rig.fails(5, "append order/2 paid --command c1");
    assert!(said.contains("found another one"), "{said}");
    let traced =
        "--json append order/2 placed --command c1 --correlation r --causation c --expected 7";
    assert_eq!(json(&rig.ok(traced))["repeated"], true);
}

#[test]
fn guards_and_claims_are_judged() {
    let rig = filled();
    let message = rig.fails(4, "append account/ann closed --expected 0");
    assert!(message.contains("expected revision 0, found revision 1"), "{message}");
    rig.fails(4, "append account/ann opened --expected none");
    rig.fails(4, "append account/zoe opened --expected exists");
    let message = rig.fails(4, "append account/bob changed --claim email=ann@example.org");
    assert!(message.contains("held by stream account/ann"), "{message}");
    rig.ok("append account/ann left --release email=ann@example.org --expected 1");
    rig.ok("append account/bob changed --claim email=ann@example.org");
}

#[test]
fn searches_filter_in_every_way() {
    let rig = filled();
    let found = |filters: &str| lines(&rig.ok(&format!("--json events search {filters}"))).len();
    assert_eq!(found("--type opened"), 2);
    assert_eq!(found("--type opened --type placed"), 3);
    assert_eq!(found("--tag owner:ann"), 2);
    assert_eq!(found("--tag owner:ann --type opened"), 1);
    assert_eq!(found("--category order"), 1);
    assert_eq!(found("--correlation co"), 2);
    assert_eq!((found("--after 2"), found("--limit 3")), (2, 3));
    assert_eq!((found("--since 2020-01-01 --limit 2"), found("--until 2020-01-01")), (2, 0));
    assert_eq!(rig.ok("events search --type nothing"), "no event matches\n");
    assert_eq!(found("--limit 0"), found(""), "0 is for all, as everywhere");
}

#[test]
fn searches_go_backward_and_by_stream() {
    let rig = filled();
    let found = |options: &str| -> Vec<u64> {
        let listed = rig.ok(&format!("--json events search {options}"));
        lines(&listed).iter().map(|it| it["position"].as_u64().expect("a position")).collect()
    };
    assert_eq!(found("--backward"), [4, 3, 2, 1]);
    assert_eq!(found("--backward --limit 1 --tag owner:ann"), [2]);
    assert_eq!(found("--backward --after 1 --through 3"), [3, 2]);
    assert_eq!(found("--through 3 --after 1"), [2, 3]);
    assert_eq!(found("--stream account/ann --limit 1 --backward"), [2]);
    assert_eq!(found("--stream account/an"), [0; 0]);
    assert_eq!(found("--stream-prefix account/"), [1, 2, 3]);
    assert_eq!(found("--stream-prefix account/b --type opened"), [3]);
    assert!(rig.fails(2, "events search --stream-prefix /").contains("invalid stream prefix"));
    assert_eq!(lines(&rig.ok("--json tail -n 1 --stream account/ann"))[0]["position"], 2);
}

#[test]
fn streams_are_listed_shown_and_ended() {
    let rig = filled();
    let list = rig.ok("streams list --category account");
    assert!(list.starts_with("STREAM") && list.contains("account/bob"), "{list}");
    assert!(rig.ok("streams list --limit 1").contains("the first 1"));
    assert_eq!(rig.ok("streams list --limit 3 --json").lines().count(), 3);
    let shown = lines(&rig.ok("streams show account/ann --backward --limit 1 --json"));
    assert_eq!(shown[0]["revision"], 1);
    rig.ok("streams truncate account/ann --before 1 --reason old --yes");
    assert_eq!(rig.ok("streams show account/ann").lines().count(), 2);
    rig.fails(5, "streams truncate account/ann --before 9 --reason old --yes");
    rig.ok("streams delete account/ann --reason over --yes");
    let message = rig.fails(3, "streams show account/ann");
    assert!(message.contains("found it deleted"), "{message}");
    rig.fails(3, "streams delete account/nobody --reason none --yes");
}

#[test]
fn a_trace_is_a_tree() {
    let rig = Rig::new();
    let id = |out: String| json(&out)["id"].as_str().unwrap().to_owned();
    let root = id(rig.ok("--json append a/1 asked --correlation co --causation c-1"));
    let child =
        id(rig.ok(&format!("--json append a/1 checked --correlation co --causation {root}")));
    rig.ok(&format!("append b/1 sent --correlation co --causation {child}"));
    rig.ok(&format!("append a/1 closed --correlation co --causation {root}"));
    let trace = rig.ok("trace co");
    let shape: Vec<_> = trace
        .lines()
        .map(|it| it.split("  ").take_while(|it| !it.contains('@')).collect::<Vec<_>>().join("  "))
        .collect();
    assert_eq!(
        shape[1..],
        ["`- c-1", "   `- asked", "      |- checked", "      |  `- sent", "      `- closed"],
        "{trace}"
    );
    rig.fails(3, "trace nothing");
}

#[test]
fn one_event_is_found_by_place_position_and_id() {
    let rig = filled();
    let event = json(&rig.ok("--json events show order/1@0"));
    assert_eq!(event["metadata"]["source"], "test");
    let id = event["id"].as_str().unwrap();
    assert_eq!(json(&rig.ok(&format!("--json events show {id}"))), event);
    assert_eq!(json(&rig.ok(&format!("--json events show {}", event["position"]))), event);
    assert!(rig.ok("events show account/ann@0").contains("takes        email:ann@example.org"));
    rig.fails(3, "events show order/1@1");
    rig.fails(3, "events show 0");
    rig.fails(2, "events show nonsense");
}

#[test]
fn the_tail_reaches_back_as_far_as_it_has_to() {
    let rig = Rig::new();
    rig.ok("append a/first rare");
    rig.write("log.csv", &common::log_csv(30, 30));
    rig.ok("import csv log.csv");
    assert_eq!(rig.ok("tail -n 7").lines().count(), 7);
    assert!(rig.ok("tail --type rare").contains("a/first@0"));
    assert_eq!(rig.ok("tail --type nothing"), "");
}

#[test]
fn tenants_do_not_see_each_other() {
    let rig = filled();
    rig.ok("append a/b c --tenant acme");
    assert_eq!(rig.ok("tail --tenant acme --json").lines().count(), 1);
    assert_eq!(rig.ok("--store sqlite:log.db?tenant=acme tail --json").lines().count(), 1);
    assert_eq!(rig.ok("tail --all-tenants --json").lines().count(), 5);
    rig.fails(2, "append a/b c --all-tenants");
    rig.fails(2, "--store sqlite:log.db?tenant=acme --tenant globex tail");
    rig.fails(2, &format!("--all-tenants import csv {}", fixture("odd.csv")));
}

#[test]
fn a_backup_is_a_store() {
    let rig = filled();
    rig.ok("store backup copy.db");
    assert_eq!(rig.digest("sqlite:copy.db"), rig.digest("sqlite:log.db"));
    rig.fails(2, "store backup copy.db");
}

#[test]
fn an_export_that_fails_leaves_no_file_in_the_way() {
    let rig = Rig::new();
    rig.write("long.json", &format!("{{\"note\":\"{}\"}}", "x".repeat(100)));
    rig.ok("append a/b c --payload @long.json");
    let mut bytes = std::fs::read(rig.path("log.db")).unwrap();
    let run =
        bytes.windows(50).position(|it| it == [b'x'; 50]).expect("the payload is in the file");
    bytes[run] = b'y';
    std::fs::write(rig.path("log.db"), bytes).unwrap();
    rig.fails(7, "export jsonl out.jsonl");
    assert!(!rig.path("out.jsonl").exists());
}

#[test]
fn the_demo_runs_twice_and_stores_once() {
    let rig = Rig::new();
    let first = rig.ok("--store sqlite:demo.db demo --events 3000");
    assert!(first.contains("imported 3,000 events") && first.contains("nothing wrong"), "{first}");
    let second = rig.ok("--store sqlite:demo.db demo --events 3000");
    assert!(second.contains("nothing new: all 3,000 events"), "{second}");
    let message = rig.fails(4, "--store sqlite:demo.db demo --seed 2 --events 3000");
    assert!(message.contains("nothing was changed"), "{message}");
}
