//! XES files: types, nesting, traces.

mod common;

use common::{Rig, fixture, json, lines, real_file};

#[test]
fn types_nesting_and_trace_attributes_are_kept() {
    let rig = Rig::new();
    let said = rig.ok(&format!("import xes {} --tag-key org:resource=who", fixture("odd.xes")));
    assert!(said.contains("1 attribute of the log itself, 1 trace without events"), "{said}");
    let out = rig.ok("events search --json");
    let events = lines(&out);
    assert_eq!(events.len(), 2);
    let payload = &events[0]["payload"];
    assert_eq!(events[0]["stream"], "case/t1");
    assert_eq!(events[0]["recorded_at"], "2023-12-31T22:00:00Z");
    assert_eq!(events[0]["tags"], serde_json::json!(["who:ann"]));
    let case = serde_json::json!({ "amount": 20000, "customer": { "name": "A & B", "new": true } });
    assert_eq!(payload["case"], case);
    assert_eq!(payload["case#2"], "not the case");
    assert_eq!(payload["urgent"], false);
    assert_eq!(payload["items"], serde_json::json!([{ "item": "x" }, { "item": 2 }]));
    assert_eq!(payload["org:resource"], serde_json::json!({ "@value": "ann", "role": "clerk" }));
    assert_eq!(payload["time:timestamp"], "2024-01-01T00:00:00.000+02:00");
    // Numbers stand as they were written; a float stays one.
    assert!(out.contains(r#""rate":5.0,"exact":0.10,"big":9007199254740993,"#), "{out}");
    assert_eq!(events[1]["payload"], serde_json::json!({}));
}

#[test]
fn a_file_that_ends_too_early_is_an_error() {
    let rig = Rig::new();
    let whole = std::fs::read_to_string(fixture("odd.xes")).unwrap();
    rig.write("cut.xes", &whole[..whole.find("</trace>").unwrap()]);
    let message = rig.fails(5, "import xes cut.xes");
    assert!(message.contains("expected </log>, found the end of the file"), "{message}");
    assert_eq!(json(&rig.ok("--json store stats"))["events"], 2);
}

#[test]
fn a_file_that_is_no_xes_says_so() {
    let rig = Rig::new();
    rig.write("rows.csv", "a,b\n1,2\n");
    rig.write("page.html", "<html><body>hello</body></html>");
    rig.write("empty.xes", "<?xml version='1.0'?><!-- nothing -->");
    for (file, found) in [("rows.csv", "text"), ("page.html", "<html>"), ("empty.xes", "none")] {
        let message = rig.fails(5, &format!("import xes {file}"));
        let expected = format!("expected XES, a <log> element, found {found}");
        assert!(message.contains(&expected), "{message}");
    }
}

#[test]
fn what_follows_the_root_is_an_error() {
    let rig = Rig::new();
    let whole = log(&[("1", &["a"])]);
    for (rest, found) in [
        ("text", "text"),
        ("<![CDATA[ ]]>", "text"),
        ("&amp;", "text"),
        ("<log></log>", "a second root element"),
        ("<log/>", "a second root element"),
        ("<x:y xmlns:x='urn:x'/>", "a second root element"),
        ("<?xml version='1.0'?>", "a second declaration"),
    ] {
        rig.write("log.xes", &format!("{whole}\n{rest}"));
        let message = rig.fails(5, "import xes log.xes");
        let expected = format!("expected the end of the file after </log>, found {found}");
        assert!(message.contains(&expected), "{rest}: {message}");
    }
    rig.write("log.xes", &format!("{whole}\n<!-- end -->\n<?done?>\n"));
    rig.ok("import xes log.xes");
}

#[test]
fn elements_in_the_wrong_place_are_named() {
    let rig = Rig::new();
    let inner = "<event><string key='concept:name' value='in'/></event>";
    for wrong in [inner, "<trace/>", "<log></log>", "<global scope='event'/>"] {
        let text = log(&[("1", &["a", "b"])]).replacen("<event>", &format!("<event>{wrong}"), 1);
        rig.write("log.xes", &text);
        let message = rig.fails(5, "--store sqlite:stop.db import xes log.xes");
        let name = wrong[1..].split([' ', '>', '/']).next().unwrap();
        let expected = format!("line 2: expected attributes in an event, found <{name}>");
        assert!(message.contains(&expected), "{message}");
        let store = format!("--json --store sqlite:{name}.db");
        let said = json(&rig.ok(&format!("{store} import xes log.xes --on-error skip")));
        assert_eq!((&said["stored"], &said["skipped"]), (&1.into(), &1.into()), "{said}");
    }
    let nested = "<string key='k' value='v'><event/></string>";
    rig.write("log.xes", &log(&[("1", &["a"])]).replace("<event>", &format!("<event>{nested}")));
    let message = rig.fails(5, "import xes log.xes");
    assert!(message.contains("expected attributes in an attribute, found <event>"), "{message}");
    for (wrong, place) in [("<trace></trace>", "a trace"), ("<log/>", "a trace")] {
        let text = log(&[("1", &["a"])]).replace("<event>", &format!("{wrong}<event>"));
        rig.write("log.xes", &text);
        let message = rig.fails(5, "import xes log.xes");
        assert!(message.contains(&format!("in {place}, found <")), "{message}");
    }
    rig.write("log.xes", &format!("<log>{}</log>", log(&[("1", &["a"])])));
    let message = rig.fails(5, "import xes log.xes");
    assert!(message.contains("expected traces in a log, found <log>"), "{message}");
    rig.write("log.xes", &log(&[("1", &["a"])]).replace("key='concept", "key='x' key='concept"));
    let message = rig.fails(5, "import xes log.xes");
    assert!(message.contains("expected one key, found two"), "{message}");
}

#[test]
fn a_trace_without_a_name_is_a_bad_row() {
    let rig = Rig::new();
    let event = r#"<event><string key="concept:name" value="a"/><date key="time:timestamp" value="2024-01-01"/></event>"#;
    rig.write("log.xes", &format!("<log>\n<trace>\n{event}\n</trace></log>"));
    let message = rig.fails(5, "import xes log.xes");
    assert!(message.contains("line 3, column concept:name"), "{message}");
    rig.ok("import xes log.xes --on-error skip");
}

/// Events of traces, given by the trace's name and the events' names.
fn log(traces: &[(&str, &[&str])]) -> String {
    let named = |name: &str| match name {
        "" => String::new(),
        name => format!("<string key='concept:name' value='{name}'/>"),
    };
    let event = |name: &&str| {
        let time = "<date key='time:timestamp' value='2024-01-01T00:00:00Z'/>";
        format!("<event>{}{time}</event>\n", named(name))
    };
    let trace = |(name, events): &(&str, &[&str])| {
        let events: String = events.iter().map(event).collect();
        format!("<trace>{}\n{events}</trace>\n", named(name))
    };
    format!("<log>{}</log>", traces.iter().map(trace).collect::<String>())
}

fn streams(rig: &Rig, store: &str) -> Vec<String> {
    let listed = lines(&rig.ok(&format!("--store sqlite:{store}.db streams list --json")));
    let mut names: Vec<_> =
        listed.iter().map(|it| it["stream"].as_str().expect("a name").to_owned()).collect();
    names.sort();
    names
}

#[test]
fn traces_that_share_a_name_are_counted_and_go_where_they_are_told() {
    let rig = Rig::new();
    rig.write("log.xes", &log(&[("1", &["a"]), ("1", &["b"]), ("1#2", &["c"]), ("1", &["d"])]));
    let said = rig.ok("--store sqlite:merge.db import xes log.xes");
    assert!(said.contains("2 traces with the name of an earlier one: their events went"), "{said}");
    assert_eq!(streams(&rig, "merge"), ["case/1", "case/1#2"]);
    let number = "--json --store sqlite:number.db import xes log.xes --shared-names number";
    assert_eq!(json(&rig.ok(number))["findings"]["shared_names"], 3);
    assert_eq!(streams(&rig, "number").len(), 4);
    assert_eq!(json(&rig.ok(number))["stored"], 0);
    let refuse = "--json --store sqlite:refuse.db import xes log.xes --shared-names refuse";
    assert!(rig.fails(5, refuse).contains("--shared-names"));
    let said = json(&rig.ok(&format!("{refuse} --on-error skip")));
    assert_eq!(
        (&said["already_stored"], &said["stored"], &said["skipped"]),
        (&1.into(), &1.into(), &2.into())
    );
}

#[test]
fn what_has_no_name_is_counted_and_may_be_given_one() {
    let rig = Rig::new();
    rig.write("log.xes", &log(&[("1", &["a", ""]), ("", &["b", "c"]), (" ", &["d"])]));
    let skipped = json(&rig.ok("--json import xes log.xes --on-error skip"));
    assert_eq!((&skipped["stored"], &skipped["skipped"]), (&1.into(), &4.into()));
    assert_eq!(skipped["findings"]["unnamed_traces"], 2);
    assert_eq!(skipped["findings"]["untyped_events"], 1);
    let said = rig.ok("import xes log.xes --unnamed-traces number --default-type UNKNOWN");
    assert!(said.contains("2 traces without a name: named by their place"), "{said}");
    assert!(said.contains("1 event without a type: taken as UNKNOWN"), "{said}");
    assert_eq!(streams(&rig, "log"), ["case/1", "case/trace-2", "case/trace-3"]);
    rig.write("log.csv", "case:concept:name,concept:name,time:timestamp\n9,,2024-01-01\n");
    assert!(rig.fails(5, "import csv log.csv").contains("line 2, column concept:name"));
    rig.ok("import csv log.csv --default-type UNKNOWN");
}

#[test]
fn booleans_and_integers_are_those_of_xml_schema() {
    let rig = Rig::new();
    let values = "<boolean key='t' value='1'/><boolean key='f' value='0'/><boolean key='w' value=' true '/>\
                  <int key='i' value='+5'/><int key='z' value='007'/><float key='x' value='+.5'/>\
                  <boolean key='n' value='True'/><string key='concept:name' value='second'/>";
    rig.write("log.xes", &log(&[("1", &["a"])]).replace("<event>", &format!("<event>{values}")));
    rig.ok("import xes log.xes");
    let events = lines(&rig.ok("events search --json"));
    // The first name is the type; nothing of the other is lost.
    assert_eq!(events[0]["type"], "second");
    let expected = serde_json::json!({
        "t": true, "f": false, "w": true, "i": 5, "z": 7, "x": 0.5, "n": "True", "concept:name": "a"
    });
    assert_eq!(events[0]["payload"], expected);
}

#[test]
fn a_real_log_comes_in_whole_and_once() {
    let Some(file) = real_file("bpic2012.xes.gz") else { return };
    let rig = Rig::new();
    let first = json(&rig.ok(&format!("--json import xes {file}")));
    assert_eq!(first["stored"], 262_200);
    assert_eq!(json(&rig.ok("--json store stats"))["streams"], 13_087);
    let second = json(&rig.ok(&format!("--json import xes {file}")));
    assert_eq!((&second["stored"], &second["already_stored"]), (&0.into(), &262_200.into()));
}
