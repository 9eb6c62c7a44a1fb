//! What a program may list in its schema lock, and what is said of anything else.

use std::collections::BTreeMap;

use factum_core::codec::{DecodeError, EncodeError, Payload};
use factum_core::{Codec, Event as EventTrait, EventSpec, Facts, InvalidName, Upcasters};
use factum_derive::Event;
use factum_testkit::schema_lock::{LockError, SchemaLock};
use factum_testkit::schemars::{self, JsonSchema};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Event, Serialize, Deserialize, JsonSchema)]
#[factum(crate = "factum_core")]
#[serde(rename_all = "kebab-case")]
enum CourseEvent {
    SeatBooked { student: String },
    FullyBooked,
    Nested(Option<Box<CourseEvent>>),
    Anything(Value),
}

#[derive(Event, Serialize, Deserialize, JsonSchema)]
#[factum(crate = "factum_core", name = "invoice.numbered")]
struct InvoiceNumbered {
    /// Without holes.
    number: u64,
}

#[derive(Event, JsonSchema)]
#[factum(crate = "factum_core", union)]
enum SchoolEvent {
    Course(CourseEvent),
    Invoice(InvoiceNumbered),
}

/// Its only event is called like the union that it is part of.
#[derive(Event, Serialize, Deserialize, JsonSchema)]
#[factum(crate = "factum_core")]
enum PartEvent {
    Whole,
}

#[derive(Event, JsonSchema)]
#[factum(crate = "factum_core", union)]
enum Whole {
    Part(PartEvent),
}

#[derive(Event, Serialize, Deserialize, JsonSchema)]
#[factum(crate = "factum_core")]
enum RenamedEvent {
    #[serde(rename = "o")]
    Opened { by: String },
}

#[derive(Event, Serialize, Deserialize, JsonSchema)]
#[factum(crate = "factum_core", context = "course")]
enum OtherEvent {
    #[factum(name = "course.seat-booked")]
    Booked { student: String },
}

#[derive(Event, Serialize, Deserialize, JsonSchema)]
#[factum(crate = "factum_core")]
enum HastyEvent {
    #[factum(version = 2)]
    Changed { amount: u8 },
}

/// Lists the events of one type, in a codec that serde does not write.
#[derive(JsonSchema)]
struct Foreign<const CODEC: u8>;

static FOREIGN: [EventSpec; 4] = [
    EventSpec::new("foreign.made", 1, Codec::Json, "Foreign"),
    EventSpec::new("foreign.made", 1, Codec::Cbor, "Foreign"),
    EventSpec::new("foreign.made", 1, Codec::Protobuf, "Foreign"),
    EventSpec::new("foreign.made", 1, Codec::Opaque, "moved::elsewhere::Foreign"),
];

impl<const CODEC: u8> EventTrait for Foreign<CODEC> {
    fn specs() -> Vec<&'static EventSpec> {
        vec![&FOREIGN[usize::from(CODEC)]]
    }

    fn find(event_type: &str) -> Option<&'static EventSpec> {
        Self::specs().into_iter().find(|it| it.event_type().as_str() == event_type)
    }

    fn spec(&self) -> &'static EventSpec {
        &FOREIGN[usize::from(CODEC)]
    }

    fn encode(&self, _: &mut Vec<u8>) -> Result<(), EncodeError> {
        Ok(())
    }

    fn decode(_: &str, _: Payload<'_>) -> Result<Self, DecodeError> {
        Ok(Self)
    }

    fn facts(&self, _: &mut Facts) -> Result<(), InvalidName> {
        Ok(())
    }

    fn upcasters() -> Upcasters {
        Upcasters::default()
    }
}

/// The shapes that are written, by event type.
fn shapes(lock: &SchemaLock) -> BTreeMap<String, Value> {
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("factum.lock.json");
    let _ = lock.check_with(&path, |_| None).expect("a new file");
    let text = std::fs::read_to_string(path).expect("the file");
    let file: Value = serde_json::from_str(&text).expect("JSON");
    let events = file["events"].as_object().expect("an object");
    events.iter().map(|(name, versions)| (name.clone(), versions["1"]["shape"].clone())).collect()
}

fn said<E: EventTrait + JsonSchema>() -> String {
    SchemaLock::new().events::<E>().expect_err("a refusal").to_string()
}

#[test]
fn the_shape_of_a_variant_is_its_content() {
    let shapes = shapes(&SchemaLock::new().events::<CourseEvent>().unwrap());
    let booked = json!({
        "type": "object", "properties": { "student": { "type": "string" } }, "required": ["student"]
    });
    assert_eq!(shapes["course.seat-booked"], booked);
    assert_eq!(shapes["course.fully-booked"], json!({}));
    assert_eq!(shapes["course.anything"], json!(true));
    let nested = &shapes["course.nested"];
    assert_eq!(nested["anyOf"][0], json!({ "$ref": "#/$defs/CourseEvent" }));
    assert!(nested["$defs"]["CourseEvent"]["oneOf"].is_array(), "{nested}");
}

#[test]
fn the_shape_of_a_struct_is_its_own() {
    let shapes = shapes(&SchemaLock::new().events::<InvoiceNumbered>().unwrap());
    let number = json!({ "type": "integer", "format": "uint64", "minimum": 0 });
    let own = json!({
        "type": "object", "properties": { "number": number }, "required": ["number"]
    });
    assert_eq!(shapes["invoice.numbered"], own);
}

#[test]
fn the_shape_of_a_message_is_its_name() {
    let shape =
        |lock: Result<SchemaLock, LockError>| shapes(&lock.unwrap())["foreign.made"].clone();
    assert_eq!(shape(SchemaLock::new().events::<Foreign<2>>()), json!({ "protobuf": "Foreign" }));
    assert_eq!(shape(SchemaLock::new().events::<Foreign<3>>()), json!({ "opaque": "Foreign" }));
}

#[test]
fn a_message_does_not_become_a_value() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("factum.lock.json");
    let message = SchemaLock::new().events::<Foreign<2>>().unwrap();
    let _ = message.check_with(&path, |_| None).unwrap();
    let value = SchemaLock::new().events::<Foreign<0>>().unwrap();
    let said = value.check_with(&path, |_| None).unwrap_err().to_string();
    assert!(said.contains("at $: is written as json now, was protobuf"), "{said}");
    assert!(message.check_with(&path, |_| None).is_ok());
}

#[test]
fn a_union_is_not_listed() {
    let said = said::<SchoolEvent>();
    assert!(said.starts_with("SchoolEvent: expected events of its own, found course."), "{said}");
    assert!(said.ends_with("list the parts of a union instead of the union"), "{said}");
    assert!(self::said::<Whole>().contains("found part.whole"), "a name may be the same");
}

#[test]
fn a_variant_under_another_name_is_an_error() {
    let said = said::<RenamedEvent>();
    assert!(said.contains("RenamedEvent::Opened: expected a variant of that name"), "{said}");
    assert!(said.contains("found o; leave out `#[serde(rename)]`"), "{said}");
}

#[test]
fn a_program_that_cannot_start_is_an_error() {
    let said = said::<HastyEvent>();
    assert!(said.contains("HastyEvent: event type hasty.changed: expected an upcaster"), "{said}");
}

#[test]
fn two_types_under_one_name_are_an_error() {
    let lock = SchemaLock::new().events::<CourseEvent>().unwrap();
    assert!(lock.clone().events::<CourseEvent>().is_ok(), "the same twice is harmless");
    let said = lock.events::<OtherEvent>().unwrap_err().to_string();
    assert!(said.contains("event type course.seat-booked: declared by both"), "{said}");
}

#[test]
fn two_states_under_one_kind_are_an_error() {
    let lock = SchemaLock::new().snapshot::<u8>("account", 1).snapshot::<u8>("account", 2);
    let path = tempfile::tempdir().unwrap().path().join("factum.lock.json");
    let error = lock.snapshot::<bool>("account", 1).check_with(path, |_| None).unwrap_err();
    let said = "snapshot account version 1: expected one state, found two that differ";
    assert_eq!(error.to_string(), said);
}

// The test that a user gets, on a file that is checked in beside the manifest of this crate.
factum_testkit::schema_lock! {
    events: [CourseEvent, InvoiceNumbered],
    snapshots: ["course": BTreeMap<String, u64> => 2],
}
