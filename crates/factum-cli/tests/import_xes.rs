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
    for file in ["rows.csv", "page.html"] {
        let message = rig.fails(5, &format!("import xes {file}"));
        assert!(message.contains("expected XES, a <log> element, found none"), "{message}");
    }
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
