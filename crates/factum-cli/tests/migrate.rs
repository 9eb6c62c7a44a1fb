//! A whole log copied to another store: everything in it, nothing beside it, and what is refused.

mod common;

use common::{Rig, json, lines, log_csv};
use factum::{
    AdminRecord, AppendRequest, Claim, ClaimChange, Codec, CorrelationId, EventId, EventStore,
    EventType, Expected, NewEvent, Principal, Revision, SchemaVersion, SharedStore, SqliteStore,
    SqliteStoreConfig, StreamId, Tags, TenantId, TenantScope, Timestamp,
};

/// Makes logs event by event, with known ids and times.
struct Log {
    runtime: tokio::runtime::Runtime,
    store: SqliteStore,
    events: u64,
}

impl Log {
    fn new(rig: &Rig, name: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let config =
            SqliteStoreConfig { scope: TenantScope::All, ..SqliteStoreConfig::new(rig.path(name)) };
        let store = runtime.block_on(SqliteStore::open(config)).expect("the store opens");
        Self { runtime, store, events: 0 }
    }

    fn event(&mut self, codec: Codec, payload: impl Into<Vec<u8>>) -> NewEvent {
        self.events += 1;
        let id = EventId::from_content(&[&self.events.to_le_bytes()]);
        let event_type = EventType::new("thing.happened").expect("valid");
        let mut event = NewEvent::new(id, event_type, codec, payload.into());
        event.recorded_at = Some(Timestamp::from_micros(1_700_000_000_000_000));
        event
    }

    fn append(&mut self, tenant: &str, stream: &str, event: NewEvent) {
        let request = AppendRequest::default().stream(named(stream), Expected::Any, [event]);
        let store = self.tenant(tenant);
        self.runtime.block_on(store.append(request)).expect("it is appended");
    }

    fn json(&mut self, tenant: &str, stream: &str, payload: &str) {
        let event = self.event(Codec::Json, payload);
        self.append(tenant, stream, event);
    }

    fn record(&mut self, reason: &str) -> AdminRecord {
        self.events += 1;
        let mut record =
            AdminRecord::new(EventId::from_content(&[&self.events.to_le_bytes()]), reason);
        record.principal = Some(Principal::new("clerk").expect("valid"));
        record.recorded_at = Some(Timestamp::from_micros(1_700_000_000_000_001));
        record
    }

    fn tombstone(&mut self, tenant: &str, stream: &str, reason: &str) {
        let (record, store) = (self.record(reason), self.tenant(tenant));
        let stream = named(stream);
        let act = store.tombstone(&stream, Expected::Any, record);
        self.runtime.block_on(act).expect("it is deleted");
    }

    fn truncate(&mut self, tenant: &str, stream: &str, before: u64) {
        let (record, store) = (self.record("tidy"), self.tenant(tenant));
        let stream = named(stream);
        let act = store.truncate_before(&stream, Revision::new(before), record);
        self.runtime.block_on(act).expect("it is truncated");
    }

    fn tenant(&self, name: &str) -> SharedStore {
        self.store.for_tenant(&TenantId::new(name).expect("valid")).expect("narrowed")
    }
}

fn named(stream: &str) -> StreamId {
    stream.parse().expect("valid")
}

fn claim(value: &str) -> Claim {
    Claim::new("email", value).expect("valid")
}

const ODD: &str = r#"{"say":"\"quoted\" \u0000 NUL, 😀 and ß\\","big":18446744073709551615}"#;

/// A log with a bit of everything in it, of three tenants in turns.
fn full(rig: &Rig, name: &str) {
    let mut log = Log::new(rig, name);
    for round in 0..3 {
        for tenant in ["default", "acme", "globex"] {
            log.json(tenant, "account/ann", &format!("{{\"round\":{round}}}"));
            log.json(tenant, &format!("account/b {round}/ß"), ODD);
        }
    }
    let mut dressed = log.event(Codec::Json, "{}");
    dressed.schema_version = SchemaVersion::new(7);
    dressed.tags =
        ["a:b", "course:c\"1'"].iter().map(|it| it.parse().expect("valid")).collect::<Tags>();
    dressed.claims = vec![ClaimChange::Take(claim("a@x")), ClaimChange::Take(claim("b@x"))];
    dressed.correlation = Some(CorrelationId::new("co'rr").expect("valid"));
    dressed.causation = Some("ca\"use".parse().expect("valid"));
    dressed.principal = Some(Principal::new("me 😀").expect("valid"));
    dressed.metadata.insert("k'1", "v\n\"\0\" 😀").expect("valid");
    log.append("acme", "account/cid", dressed);
    let mut released = log.event(Codec::Opaque, b"\0\xff'; DROP TABLE events; --\0".to_vec());
    released.claims = vec![ClaimChange::Release(claim("b@x"))];
    log.append("acme", "account/cid", released);
    let mut taken = log.event(Codec::Cbor, b"\xa1\x61a\x01".to_vec());
    taken.claims = vec![ClaimChange::Take(claim("b@x")), ClaimChange::Take(claim("gone@x"))];
    log.append("acme", "account/dan", taken);
    log.truncate("acme", "account/ann", 1);
    log.truncate("acme", "account/ann", 2);
    log.tombstone("acme", "account/dan", "a \"reason\" \0 😀");
    log.json("acme", "account/ann", "[1, 2 ,3]");
    for byte in [b'a', b'\0', 0xff, b'"', b'b', b'c'] {
        let large = log.event(Codec::Opaque, vec![byte; 1 << 20]);
        log.append("globex", "file/large", large);
    }
    log.tombstone("globex", "account/ann", "");
}

fn digest(rig: &Rig, store: &str) -> String {
    let out = rig.ok(&format!("--all-tenants --store sqlite:{store} --json store verify"));
    let verified = json(&out);
    assert_eq!(verified["findings"], serde_json::json!([]), "{store}");
    verified["digest"].as_str().expect("a digest").to_owned()
}

#[test]
fn a_copy_has_the_same_digest() {
    let rig = Rig::new();
    full(&rig, "a.db");
    let said = rig.ok("--json migrate --from sqlite:a.db --to sqlite:b.db --verify");
    let said = json(&said);
    let counted = |name: &str| said[name].as_u64().expect("a number");
    assert_eq!((counted("events"), counted("acts"), counted("tenants")), (32, 4, 3));
    assert_eq!((counted("streams"), said["verified"]["streams"].as_u64()), (15, Some(15)));
    assert_eq!((counted("recoded"), counted("left"), counted("target_position")), (0, 0, 32));
    assert!(counted("bytes") > 6 << 20 && said["seconds"].is_number(), "{said}");
    assert_eq!((&said["complete"], &said["verified"]["equal"]), (&true.into(), &true.into()));
    assert_eq!(digest(&rig, "b.db"), digest(&rig, "a.db"));
}

#[test]
fn what_was_deleted_hidden_and_claimed_is_so_in_the_copy() {
    let rig = Rig::new();
    full(&rig, "a.db");
    rig.ok("migrate --from sqlite:a.db --to sqlite:b.db");
    let of = |store: &str| format!("--store sqlite:{store} --tenant acme");
    for list in [
        "streams list --json",
        "streams show account/ann --json",
        "streams show account/cid --json",
    ] {
        assert_eq!(
            rig.ok(&format!("{} {list}", of("b.db"))),
            rig.ok(&format!("{} {list}", of("a.db")))
        );
    }
    let shown = lines(&rig.ok(&format!("{} streams show account/ann --json", of("b.db"))));
    assert_eq!(shown[0]["revision"], 2, "what came before is hidden");
    let copy = of("b.db");
    rig.fails(3, &format!("{copy} streams show account/dan"));
    rig.fails(3, &format!("{copy} append account/dan again"));
    let held = rig.fails(4, &format!("{copy} append account/eve is --claim email=a@x"));
    assert!(held.contains("held by stream account/cid"), "{held}");
    rig.ok(&format!("{copy} append account/eve is --claim email=gone@x --claim email=b@x"));
}

#[test]
fn a_copy_is_the_same_in_batches_of_any_size() {
    let rig = Rig::new();
    full(&rig, "a.db");
    rig.write("log.csv", &log_csv(30, 20));
    rig.ok("--store sqlite:a.db import csv log.csv");
    for size in [1, 2, 7, 4_096] {
        let copy = format!("b{size}.db");
        rig.ok(&format!("migrate --from sqlite:a.db --to sqlite:{copy} --batch-size {size}"));
        assert_eq!(digest(&rig, &copy), digest(&rig, "a.db"));
    }
}

#[test]
fn a_batch_of_as_many_streams_as_there_are_guards_is_cut() {
    let rig = Rig::new();
    rig.write("log.csv", &log_csv(5_000, 1));
    rig.ok("--store sqlite:a.db import csv log.csv");
    rig.ok("migrate --from sqlite:a.db --to sqlite:b.db --batch-size 4096 --verify");
    assert_eq!(digest(&rig, "b.db"), digest(&rig, "a.db"));
}

#[test]
fn a_dry_run_tells_and_writes_nothing() {
    let rig = Rig::new();
    full(&rig, "a.db");
    let said = rig.ok("migrate --from sqlite:a.db --to sqlite:b.db --dry-run");
    assert!(said.starts_with("would copy 32 events of 15 streams and 3 tenants (6."), "{said}");
    assert!(
        said.contains("4 records of deletions") && said.contains("b.db would be made"),
        "{said}"
    );
    assert!(!rig.path("b.db").exists());
    let said =
        json(&rig.ok("--json migrate --from sqlite:a.db --to memory: --dry-run --recode cbor"));
    assert_eq!((&said["dry_run"], &said["events"]), (&true.into(), &32.into()));
    assert_eq!((&said["recoded"], &said["left"]), (&20.into(), &7.into()));
    rig.fails(3, "migrate --from sqlite:a.db --to sqlite:no/folder.db --dry-run");
    drop(Log::new(&rig, "empty.db"));
    let said = rig.ok("migrate --from sqlite:a.db --to sqlite:empty.db --dry-run");
    assert!(said.contains("empty.db is there and empty"), "{said}");
    rig.fails(4, "migrate --from sqlite:empty.db --to sqlite:a.db --dry-run");
}

#[test]
fn a_target_that_holds_something_is_refused() {
    let rig = Rig::new();
    full(&rig, "a.db");
    rig.ok("--store sqlite:b.db append other/x first");
    let before = digest(&rig, "b.db");
    for more in ["", "--verify", "--resume p.json"] {
        let message = rig.fails(4, &format!("migrate --from sqlite:a.db --to sqlite:b.db {more}"));
        assert!(
            message.contains("expected an empty target") && message.contains("position 1"),
            "{message}"
        );
    }
    assert_eq!(digest(&rig, "b.db"), before);
    assert!(!rig.path("p.json").exists());
}

#[test]
fn wrong_arguments_are_refused_before_anything_is_made() {
    let rig = Rig::new();
    rig.ok("--store sqlite:a.db append a/b c");
    let absolute = format!("--from sqlite:a.db --to sqlite:{}", rig.path("a.db").display());
    for (code, line, says) in [
        (2, "--from sqlite:a.db --to sqlite:a.db", "as both source and target"),
        (2, "--from sqlite:a.db --to sqlite://./a.db?readers=1", "as both source and target"),
        (2, absolute.as_str(), "as both source and target"),
        (2, "--from memory: --to memory:", "as both source and target"),
        (3, "--from sqlite:none.db --to sqlite:b.db", "found no file none.db"),
        (2, "--from papyrus:scroll --to sqlite:b.db", "write sqlite:PATH"),
        (2, "--from sqlite:a.db --to papyrus:scroll", "write sqlite:PATH"),
        (2, "--from sqlite:a.db?tenant=acme --to sqlite:b.db", "all of them are copied"),
        (2, "--from sqlite:a.db --to sqlite:b.db --tenant acme", "all tenants are copied"),
        (2, "--from sqlite:a.db --to sqlite:b.db --batch-size 0", "1..=4096"),
        (2, "--from sqlite:a.db --to sqlite:b.db --batch-size 4097", "1..=4096"),
        (2, "--from sqlite:a.db --to sqlite:b.db --recode xml", "json, cbor"),
        (2, "--from sqlite:a.db --to sqlite:b.db --dry-run --verify", "cannot be used with"),
        (2, "--from sqlite:a.db --to sqlite:b.db --dry-run --resume p", "cannot be used with"),
        (2, "--from sqlite:a.db", "--to <URL>"),
        (3, "--from sqlite:a.db --to sqlite:b.db --resume no/p.json", "no/p.json"),
    ] {
        let message = rig.fails(code, &format!("migrate {line}"));
        assert!(message.contains(says), "{line}: {message}");
        assert!(!rig.path("none.db").exists());
    }
    rig.write("text.db", &"This is no database. ".repeat(100));
    rig.fails(7, "migrate --from sqlite:text.db --to sqlite:c.db");
    rig.fails(7, "migrate --from sqlite:a.db --to sqlite:text.db");
    assert!(!rig.path("c.db").exists());
    let error = json(&rig.fails(2, "--json migrate --from memory: --to memory:"));
    assert_eq!(error["error"]["kind"], "usage");
}

#[test]
fn an_empty_log_is_copied_too_and_memory_is_a_store() {
    let rig = Rig::new();
    let said = rig.ok("migrate --from memory: --to sqlite:b.db --verify");
    assert!(said.starts_with("nothing to copy") && said.contains("all are the same"), "{said}");
    full(&rig, "a.db");
    let said = rig.ok("migrate --from sqlite:a.db --to memory: --verify");
    assert!(said.contains("compared 15 streams with 32 events: all are the same"), "{said}");
}

/// Payloads of `account/ann`, as values, with their codec.
fn payloads(rig: &Rig, store: &str) -> Vec<(String, serde_json::Value)> {
    let out = rig.ok(&format!("--store sqlite:{store} streams show account/ann --json"));
    let of = |it: &serde_json::Value| {
        (it["codec"].as_str().unwrap_or_default().into(), it["payload"].clone())
    };
    lines(&out).iter().map(of).collect()
}

#[test]
fn recoded_there_and_back_every_value_is_as_it_was() {
    let rig = Rig::new();
    let mut log = Log::new(&rig, "a.db");
    for payload in [
        ODD,
        r#"{"b":[0.1,1.0,-0.0,1e300,5e-324,-9223372036854775808],"a":null,"":{}}"#,
        "[ true , false ]",
    ] {
        log.json("default", "account/ann", payload);
    }
    log.tombstone("default", "account/ann", "done");
    log.json("acme", "account/ann", "1.10");
    drop(log);
    rig.ok("migrate --from sqlite:a.db --to sqlite:b.db --recode cbor --verify");
    assert_ne!(digest(&rig, "b.db"), digest(&rig, "a.db"));
    let of_copy = rig.ok("--all-tenants --store sqlite:b.db export jsonl -");
    let codecs: Vec<_> = lines(&of_copy).iter().map(|it| it["codec"].clone()).collect();
    assert_eq!(
        codecs,
        ["cbor", "cbor", "cbor", "json", "cbor"],
        "records stay as stores write them"
    );
    let said =
        json(&rig.ok("--json migrate --from sqlite:b.db --to sqlite:c.db --recode json --verify"));
    assert_eq!((&said["recoded"], &said["left"]), (&4.into(), &0.into()));
    let events = |store: &str| {
        let out = rig.ok(&format!("--all-tenants --store sqlite:{store} export jsonl -"));
        lines(&out)
    };
    assert_eq!(events("c.db"), events("a.db"));
    assert!(payloads_differ_in_spaces_only(&rig));
}

/// `1.10` and `[ true , false ]` come back without what has no value.
fn payloads_differ_in_spaces_only(rig: &Rig) -> bool {
    let out = rig.ok("--all-tenants --store sqlite:c.db export jsonl -");
    out.contains(r#""payload":[true,false]"#) && out.contains(r#""payload":1.1}"#)
}

#[test]
fn what_cannot_be_recoded_is_named_and_its_batch_not_stored() {
    let rig = Rig::new();
    let mut log = Log::new(&rig, "a.db");
    for index in 0..10 {
        log.json("default", "account/ann", &format!("{{\"n\":{index}}}"));
    }
    let bytes = log.event(Codec::Cbor, b"\x46secret".to_vec());
    log.append("acme", "account/ann", bytes);
    log.json("acme", "account/ann", "123456789012345678901234567890");
    drop(log);
    for (codec, revision, why) in
        [("json", 0, "found a byte string"), ("cbor", 1, "of more digits")]
    {
        for more in ["--dry-run", "--batch-size 4"] {
            let line = format!(
                "migrate --from sqlite:a.db --to sqlite:{codec}.db --recode {codec} {more}"
            );
            let message = rig.fails(5, &line);
            let place = format!(
                "stream account/ann of tenant acme, revision {revision}, type thing.happened"
            );
            assert!(message.contains(&place) && message.contains(why), "{message}");
            assert!(!message.contains("secret") && !message.contains("1234567"), "{message}");
        }
        let stats = rig.ok(&format!("--all-tenants --store sqlite:{codec}.db --json store stats"));
        assert!(json(&stats)["events"].as_u64() <= Some(10), "{stats}");
    }
    rig.ok("migrate --from sqlite:a.db --to sqlite:b.db --verify");
    assert_eq!(payloads(&rig, "b.db"), payloads(&rig, "a.db"));
}

#[test]
fn an_event_that_recoding_makes_too_large_is_named() {
    let rig = Rig::new();
    let mut log = Log::new(&rig, "a.db");
    let zeros = [vec![0x9a, 0x00, 0x3f, 0xff, 0x00], vec![0; 0x003f_ff00]].concat();
    let event = log.event(Codec::Cbor, zeros);
    log.append("default", "a/b", event);
    drop(log);
    let message = rig.fails(5, "migrate --from sqlite:a.db --to sqlite:b.db --recode json");
    assert!(
        message.contains("stream a/b") && message.contains("at most 4194304 bytes"),
        "{message}"
    );
}

/// Compares a log of 1,502 events with a copy whose first part was changed, and whose progress file
/// says that it is done: the last 1,000 events are as they should be.
fn changed_copy(rig: &Rig, change: impl Fn(Vec<String>) -> Vec<String>) -> String {
    rig.ok("--store sqlite:a.db append short/one opened");
    rig.ok("--store sqlite:a.db append short/one closed");
    rig.write("log.csv", &log_csv(50, 30));
    rig.ok("--store sqlite:a.db import csv log.csv");
    let exported = rig.ok("--store sqlite:a.db export jsonl -");
    let changed = change(exported.lines().map(Into::into).collect());
    rig.write("changed.jsonl", &(changed.join("\n") + "\n"));
    rig.ok("--store sqlite:b.db import jsonl changed.jsonl");
    rig.ok("migrate --from sqlite:a.db --to sqlite:c.db --resume p.json");
    let progress = std::fs::read_to_string(rig.path("p.json")).expect("it is there");
    rig.write("p.json", &progress.replace("c.db", "b.db"));
    let line = "migrate --from sqlite:a.db --to sqlite:b.db --resume p.json";
    assert!(rig.ok(line).starts_with("nothing left to copy"));
    let ran = rig.run(&format!("{line} --verify"));
    assert_eq!(ran.code, Some(1), "{}{}", ran.stdout, ran.stderr);
    ran.stdout
}

#[test]
fn verify_notices_a_changed_event() {
    let rig = Rig::new();
    let said = changed_copy(&rig, |mut events| {
        events[9] = events[9].replace("\"note\":\"n7\"", "\"note\":\"n8\"");
        events
    });
    assert!(said.contains("compared 51 streams: 1 differ"), "{said}");
    assert!(
        said.contains("  case/c7 of tenant default: as many events, but not the same"),
        "{said}"
    );
}

#[test]
fn verify_notices_another_order() {
    let rig = Rig::new();
    let said = changed_copy(&rig, |mut events| {
        events.swap(3, 4);
        events
    });
    assert!(said.contains("each is the same, their order is not"), "{said}");
    assert!(said.contains("from position 4 of the source on"), "{said}");
}

#[test]
fn verify_notices_what_is_missing_and_what_is_more() {
    let rig = Rig::new();
    let said = changed_copy(&rig, |mut events| {
        events[1] = events[1].replace("short/one", "short/two");
        events
    });
    assert!(said.contains("compared 51 streams: 2 differ"), "{said}");
    assert!(said.contains("short/one of tenant default: 1 event fewer in the target"), "{said}");
    assert!(said.contains("short/two of tenant default: 1 event more in the target"), "{said}");
}

#[test]
fn a_finished_run_goes_on_when_the_source_has_grown() {
    let rig = Rig::new();
    full(&rig, "a.db");
    let line = "--json migrate --from sqlite:a.db --to sqlite:b.db --resume p.json --verify";
    rig.ok(line);
    rig.ok("--store sqlite:a.db --tenant acme append account/ann more");
    rig.ok("--store sqlite:a.db --tenant acme streams delete account/ann --reason over --yes");
    let said = json(&rig.ok(line));
    assert_eq!((&said["events"], &said["copied_before"]), (&2.into(), &32.into()));
    assert_eq!(digest(&rig, "b.db"), digest(&rig, "a.db"));
}

#[test]
fn a_progress_file_that_is_none_is_refused() {
    let rig = Rig::new();
    full(&rig, "a.db");
    let line = "migrate --from sqlite:a.db --to sqlite:b.db --resume p.json";
    rig.ok(line);
    let progress = std::fs::read_to_string(rig.path("p.json")).expect("it is there");
    for (damaged, found) in [
        (String::new(), "EOF"),
        (progress[..progress.len() / 2].into(), "EOF"),
        (progress.replace("\"format\": 1", "\"format\": 2"), "format 2"),
        (progress.replace("\"events\"", "\"vents\""), "unknown field"),
        (progress.replace("\"events\": 32", "\"events\": 0"), "contradict"),
        (progress.replace("\"last_event\": \"", "\"last_event\": \"x"), "UUID"),
    ] {
        rig.write("p.json", &damaged);
        let message = rig.fails(5, line);
        assert!(
            message.contains("expected a progress file") && message.contains(found),
            "{message}"
        );
    }
    std::fs::write(rig.path("p.json"), [0xff; 2_000]).expect("the folder is writable");
    rig.fails(5, line);
    rig.write("p.json", &progress);
    for other in [
        line.replace("--to sqlite:b.db", "--to sqlite:c.db"),
        line.replace("--from sqlite:a.db", "--from sqlite:b.db")
            .replace("--to sqlite:b.db", "--to memory:"),
        format!("{line} --recode cbor"),
    ] {
        let message = rig.fails(2, &other);
        assert!(message.contains("expected the progress of a run with"), "{message}");
    }
    assert!(!rig.path("c.db").exists());
    assert!(rig.ok(line).starts_with("nothing left to copy"));
}

#[test]
fn a_store_that_changed_in_between_is_refused() {
    let rig = Rig::new();
    full(&rig, "a.db");
    let line = "migrate --from sqlite:a.db --to sqlite:b.db --resume p.json";
    rig.ok(line);
    let progress = std::fs::read_to_string(rig.path("p.json")).expect("it is there");
    let refused = |says: &str| {
        let message = rig.fails(4, line);
        assert!(message.contains(says), "{message}");
    };

    rig.ok("--store sqlite:b.db append other/x first");
    refused("target is not as the earlier run left it: expected no more events than in the source");
    rig.ok("--store sqlite:a.db append other/y first");
    refused("target is not as the earlier run left it: expected the copy of the source's event");

    // Numbers that do not fit what is there.
    rig.write("p.json", &progress.replace("32", "31"));
    refused("source is not as the earlier run left it: expected event");
    rig.write("p.json", &progress.replace("_position\": 32", "_position\": 40"));
    refused("source is not as the earlier run left it: expected its head at 40 or after");
    rig.write("p.json", &progress.replace("\"events\": 32", "\"events\": 31"));
    refused("target is not as the earlier run left it: expected the last of 31 events at 31");

    // Another log in the place of the source, and an empty one in that of the target.
    rig.write("p.json", &progress);
    std::fs::remove_file(rig.path("b.db")).expect("it is there");
    rig.fails(3, line);
    assert!(!rig.path("b.db").exists());
    drop(Log::new(&rig, "b.db"));
    refused("target is not as the earlier run left it: expected its head at 32 or after");
    for file in ["a.db", "a.db-wal", "a.db-shm"] {
        let _ = std::fs::remove_file(rig.path(file));
    }
    rig.write("log.csv", &log_csv(10, 10));
    rig.ok("--store sqlite:a.db import csv log.csv");
    refused("target is not as");
    rig.ok("--store sqlite:b.db import csv log.csv");
    refused("source is not as the earlier run left it: expected event");
}

#[cfg(unix)]
#[test]
fn a_link_to_the_source_is_the_source() {
    let rig = Rig::new();
    rig.ok("--store sqlite:a.db append a/b c");
    std::os::unix::fs::symlink("a.db", rig.path("link.db")).expect("the folder is writable");
    let message = rig.fails(2, "migrate --from sqlite:a.db --to sqlite:link.db");
    assert!(message.contains("as both source and target"), "{message}");
}
