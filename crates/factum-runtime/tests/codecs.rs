//! A log may mix codecs: each event says how it is encoded, and is read so.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use std::sync::Arc;

use common::memory;
use factum_core::{
    Aggregate, AppendRequest, Codec, Event, EventStoreExt, Expected, LogRead, NewEvent, Recorded,
};
use factum_derive::Event;
use factum_runtime::Repository;
use factum_testkit::SequentialIds;
use serde::{Deserialize, Serialize};

/// As a `.proto` file would make it.
#[derive(Clone, PartialEq, prost::Message)]
struct Measured {
    #[prost(uint64, tag = "1")]
    grams: u64,
    #[prost(string, tag = "2")]
    by: String,
}

#[derive(Event, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[factum(crate = "factum_core")]
enum BoxEvent {
    Packed {
        #[factum(tag)]
        number: u32,
    },
    #[factum(codec = "cbor")]
    Photographed {
        pixels: Vec<u8>,
        note: Option<String>,
    },
    #[serde(skip)]
    #[factum(codec = "protobuf")]
    Measured(Measured),
    Sealed,
}

#[derive(Default, Debug, PartialEq)]
struct Parcel {
    seen: Vec<BoxEvent>,
}

impl Aggregate for Parcel {
    const CATEGORY: &'static str = "box";
    type Event = BoxEvent;
    type Error = &'static str;

    fn apply(&mut self, event: &BoxEvent) {
        self.seen.push(event.clone());
    }
}

fn events() -> [BoxEvent; 4] {
    [
        BoxEvent::Packed { number: 7 },
        BoxEvent::Photographed { pixels: vec![0, 255, 10], note: None },
        BoxEvent::Measured(Measured { grams: 70, by: "ann".into() }),
        BoxEvent::Sealed,
    ]
}

#[tokio::test]
async fn every_event_is_stored_in_its_codec_and_comes_back() {
    let store = memory();
    let boxes = Repository::<Parcel>::new(Arc::clone(&store)).unwrap();
    let boxes = boxes.with_ids(Arc::new(SequentialIds::default()));
    let pack = |unit: &mut Recorded<Parcel>| {
        for event in events() {
            unit.record(event);
        }
        Ok(())
    };
    boxes.update("b1", pack).await.unwrap();
    let stored = store.collect(LogRead::default()).await.unwrap();
    let codecs: Vec<_> = stored.iter().map(|event| event.codec).collect();
    assert_eq!(codecs, [Codec::Json, Codec::Cbor, Codec::Protobuf, Codec::Json]);
    assert_eq!(&stored[2].payload[..], b"\x08\x46\x12\x03ann");
    assert_eq!(&stored[3].payload[..], b"{}");
    let numbers: Vec<_> = stored.iter().map(|event| SequentialIds::number(&event.id)).collect();
    assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "{numbers:?}");
    assert_eq!(boxes.load("b1").await.unwrap().state.seen, events());
}

#[tokio::test]
async fn events_of_a_codec_that_was_left_are_still_read() {
    let store = memory();
    let photographed = BoxEvent::PHOTOGRAPHED.event_type().clone();
    let json = r#"{"pixels":[1],"note":"old"}"#;
    let ids = SequentialIds::default();
    let event =
        NewEvent::new(factum_core::IdSource::next_id(&ids), photographed, Codec::Json, json);
    let stream = "box/b1".parse().unwrap();
    store.append(AppendRequest::default().stream(stream, Expected::Any, [event])).await.unwrap();
    let boxes = Repository::<Parcel>::new(store).unwrap();
    let note = Some("old".to_owned());
    let expected = [BoxEvent::Photographed { pixels: vec![1], note }];
    assert_eq!(boxes.load("b1").await.unwrap().state.seen, expected);
}

#[tokio::test]
async fn a_payload_of_another_codec_is_a_typed_error() {
    let store = memory();
    for (event_type, codec, payload) in [
        (BoxEvent::MEASURED, Codec::Json, &b"{}"[..]),
        (BoxEvent::MEASURED, Codec::Protobuf, &b"\xff\xff"[..]),
        (BoxEvent::PACKED, Codec::Opaque, &b"?"[..]),
        (BoxEvent::PHOTOGRAPHED, Codec::Cbor, &b"\xa1"[..]),
    ] {
        let (stream, ids) =
            (factum_core::StreamId::new("box", "b").unwrap(), factum_core::RandomIds);
        let event_type = event_type.event_type().clone();
        let id = factum_core::IdSource::next_id(&ids);
        let event = NewEvent::new(id, event_type.clone(), codec, payload);
        let request = AppendRequest::default().stream(stream, Expected::Any, [event]);
        store.append(request).await.unwrap();
        let record = store.collect(LogRead::default()).await.unwrap().pop().unwrap();
        let registry = factum_core::Registry::of::<BoxEvent>().unwrap();
        let error = registry.decode(&record, |_: BoxEvent| {}).unwrap_err().to_string();
        let named = format!("event {event_type} version 1 ({codec}) at revision ");
        assert!(error.starts_with(&named), "{error}");
    }
    assert_eq!(BoxEvent::specs().len(), 4);
}
