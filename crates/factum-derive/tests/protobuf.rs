//! Events whose payloads are Protocol Buffers messages.
#![allow(clippy::unwrap_used, reason = "a test may")]

use factum_core::codec::Payload;
use factum_core::{Codec, Event, Facts};
use factum_derive::Event;
use prost::Message;
use serde::{Deserialize, Serialize};

#[derive(Message, Clone, PartialEq, Eq)]
struct Shipped {
    #[prost(string, tag = "1")]
    parcel: String,
}

/// Nothing here asks for serde.
#[derive(Event, Debug, PartialEq)]
#[factum(crate = "factum_core", codec = "protobuf")]
enum ParcelEvent {
    Shipped(Shipped),
    #[factum(version = 2)]
    Returned(Shipped),
}

#[derive(Event, Serialize, Deserialize, Debug, PartialEq)]
#[factum(crate = "factum_core")]
enum MixedEvent {
    Packed {
        #[factum(tag)]
        parcel: String,
    },
    #[serde(skip)]
    #[factum(codec = "protobuf")]
    Shipped(Shipped),
}

/// A message that is an event type itself.
#[derive(Event, Message, Clone, PartialEq, Eq)]
#[factum(crate = "factum_core", name = "parcel.lost", codec = "protobuf")]
struct Lost {
    #[factum(tag)]
    #[prost(string, tag = "1")]
    parcel: String,
}

fn shipped() -> Shipped {
    Shipped { parcel: "p1".into() }
}

fn encoded(event: &impl Event) -> Vec<u8> {
    let mut out = Vec::new();
    event.encode(&mut out).unwrap();
    out
}

fn decoded<E: Event>(name: &str, codec: Codec, bytes: &[u8]) -> E {
    E::decode(name, Payload::Bytes { codec, bytes }).unwrap()
}

#[test]
fn the_payload_is_the_message() {
    let event = ParcelEvent::Returned(shipped());
    let bytes = encoded(&event);
    assert_eq!(bytes, shipped().encode_to_vec());
    assert_eq!(decoded::<ParcelEvent>("parcel.returned", Codec::Protobuf, &bytes), event);
    assert_eq!(ParcelEvent::SHIPPED.codec(), Codec::Protobuf);
}

#[test]
fn messages_and_serde_stand_side_by_side() {
    let (packed, sent) =
        (MixedEvent::Packed { parcel: "p1".into() }, MixedEvent::Shipped(shipped()));
    assert_eq!(encoded(&packed), br#"{"parcel":"p1"}"#);
    assert_eq!(encoded(&sent), shipped().encode_to_vec());
    assert_eq!(decoded::<MixedEvent>("mixed.packed", Codec::Json, &encoded(&packed)), packed);
    assert_eq!(decoded::<MixedEvent>("mixed.shipped", Codec::Protobuf, &encoded(&sent)), sent);
}

#[test]
fn a_struct_may_be_a_message() {
    let lost = Lost { parcel: "p1".into() };
    let bytes = encoded(&lost);
    assert_eq!(decoded::<Lost>("parcel.lost", Codec::Protobuf, &bytes), lost);
    let mut facts = Facts::default();
    lost.facts(&mut facts).unwrap();
    assert_eq!(facts.tags()[0].as_str(), "parcel:p1");
}

#[test]
fn another_codec_is_refused() {
    let payload = Payload::Bytes { codec: Codec::Json, bytes: b"{}" };
    let refused = ParcelEvent::decode("parcel.shipped", payload).unwrap_err();
    assert!(refused.to_string().contains("protobuf"), "{refused}");
}
