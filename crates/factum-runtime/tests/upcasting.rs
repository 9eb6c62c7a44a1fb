//! Old shapes are read as current ones, wherever events are read.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::memory;
use factum_core::{
    Aggregate, AppendRequest, Codec, Decision, DecisionModel, EventType, Expected, IdSource,
    InvalidName, NewEvent, Query, QueryItem, RandomIds, RawEvent, RegistryError, SchemaVersion,
    SharedStore, Tag, Upcasters,
};
use factum_derive::Event;
use factum_runtime::{Decisions, Repository};
use serde::{Deserialize, Serialize};
use serde_json::json;

#[derive(Event, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[factum(crate = "factum_core", upcasters = upcasters)]
enum ParcelEvent {
    #[factum(version = 3)]
    Posted {
        #[factum(tag)]
        parcel: String,
        grams: u64,
        by: String,
    },
    Weighed {
        grams: u64,
    },
    #[factum(also_tagged = "parcel")] // Under its retired name.
    Delivered,
}

fn upcasters() -> Upcasters {
    Upcasters::default()
        // Kilograms became grams.
        .change("parcel.posted", 1, |value, _| {
            let kilos = value["kilos"].as_u64().ok_or("expected kilos, a whole number")?;
            value["grams"] = json!(kilos * 1_000);
            Ok(())
        })
        // Who posted it stood in the metadata.
        .change("parcel.posted", 2, |value, recorded| {
            value["by"] = json!(recorded.metadata.get("clerk").unwrap_or("unknown"));
            Ok(())
        })
        .rename("parcel.handed-over", 1, "parcel.delivered", 1)
        .split(
            "parcel.posted-and-weighed",
            1,
            &[("parcel.posted", 2), ("parcel.weighed", 1)],
            |value, _| {
                let weighed = json!({ "grams": value["grams"] });
                let event = |name, version, value| {
                    RawEvent::new(name, version, value).map_err(|it| it.to_string())
                };
                Ok(vec![event("parcel.posted", 2, value)?, event("parcel.weighed", 1, weighed)?])
            },
        )
        .drop("parcel.looked-at", 1)
}

#[derive(Default, Debug, PartialEq)]
struct Parcel {
    seen: Vec<ParcelEvent>,
}

impl Aggregate for Parcel {
    const CATEGORY: &'static str = "parcel";
    type Event = ParcelEvent;
    type Error = String;

    fn apply(&mut self, event: &ParcelEvent) {
        self.seen.push(event.clone());
    }
}

async fn put(store: &SharedStore, event_type: &str, version: u32, payload: &'static str) {
    let event_type = EventType::new(event_type).unwrap();
    let mut event = NewEvent::new(RandomIds.next_id(), event_type, Codec::Json, payload);
    event.schema_version = SchemaVersion::new(version);
    event.tags = [Tag::new("parcel", "p1").unwrap()].into_iter().collect();
    event.metadata.insert("clerk", "eve").unwrap();
    let stream = "parcel/p1".parse().unwrap();
    store.append(AppendRequest::default().stream(stream, Expected::Any, [event])).await.unwrap();
}

fn posted(grams: u64) -> ParcelEvent {
    ParcelEvent::Posted { parcel: "p1".into(), grams, by: "eve".into() }
}

async fn old_log() -> SharedStore {
    let store = memory();
    put(&store, "parcel.posted", 1, r#"{"parcel":"p1","kilos":2}"#).await;
    put(&store, "parcel.looked-at", 1, "{}").await;
    put(&store, "parcel.posted", 2, r#"{"parcel":"p1","grams":7}"#).await;
    put(&store, "parcel.posted-and-weighed", 1, r#"{"parcel":"p1","grams":9}"#).await;
    put(&store, "parcel.handed-over", 1, "{}").await;
    store
}

#[tokio::test]
async fn old_shapes_are_changed_renamed_split_and_dropped() {
    let parcels = Repository::<Parcel>::new(old_log().await).unwrap();
    let loaded = parcels.load("p1").await.unwrap();
    let expected = vec![
        posted(2_000),
        posted(7),
        posted(9),
        ParcelEvent::Weighed { grams: 9 },
        ParcelEvent::Delivered,
    ];
    assert_eq!(loaded.state.seen, expected);
    assert_eq!(loaded.revision.unwrap().get(), 4);
}

/// Whether the parcel was delivered; asks for the current name alone.
struct Delivery {
    delivered: bool,
}

impl DecisionModel for Delivery {
    type Event = ParcelEvent;

    fn query(&self) -> Result<Query, InvalidName> {
        let delivered = QueryItem::tagged("parcel", "p1")?.types([ParcelEvent::DELIVERED]);
        Ok(delivered.into())
    }

    fn evolve(&mut self, _: &ParcelEvent) {
        self.delivered = true;
    }
}

struct Deliver;

impl Decision for Deliver {
    const NAME: &'static str = "deliver";
    type Models = Delivery;
    type Error = &'static str;

    fn models(&self) -> Delivery {
        Delivery { delivered: false }
    }

    fn decide(&self, models: &Delivery) -> Result<Vec<ParcelEvent>, &'static str> {
        if models.delivered { Err("delivered already") } else { Ok(vec![]) }
    }
}

#[tokio::test]
async fn a_decision_finds_events_by_their_retired_names() {
    let decisions = Decisions::<ParcelEvent>::new(old_log().await).unwrap();
    let error = decisions.execute(&Deliver).await.unwrap_err();
    assert_eq!(error.rejection(), Some(&"delivered already"));
    Decisions::<ParcelEvent>::new(memory()).unwrap().execute(&Deliver).await.unwrap();
}

#[tokio::test]
async fn an_upcaster_that_fails_is_named_by_its_event() {
    let store = memory();
    put(&store, "parcel.posted", 1, r#"{"parcel":"p1","kilos":"secret"}"#).await;
    let parcels = Repository::<Parcel>::new(store).unwrap();
    let error = parcels.load("p1").await.unwrap_err().to_string();
    assert!(error.contains("parcel.posted version 1 (json) at revision 0 of stream parcel/p1"));
    assert!(error.ends_with("could not be upcast: expected kilos, a whole number"), "{error}");
}

#[tokio::test]
async fn an_event_of_a_newer_program_is_an_error() {
    let store = memory();
    put(&store, "parcel.weighed", 2, r#"{"grams":1,"unit":"lb"}"#).await;
    let parcels = Repository::<Parcel>::new(store).unwrap();
    let error = parcels.load("p1").await.unwrap_err().to_string();
    assert!(error.ends_with("expected at most version 1, found one of a newer program"), "{error}");
}

mod broken {
    //! Each of these is found when the repository is made.

    use super::*;

    macro_rules! broken {
        ($name:ident, $version:literal, $upcasters:expr, $expected:pat) => {
            #[test]
            fn $name() {
                #[derive(Event, Serialize, Deserialize)]
                #[factum(crate = "factum_core", upcasters = upcasters)]
                enum BoxEvent {
                    #[factum(version = $version)]
                    Packed,
                }

                fn upcasters() -> Upcasters {
                    $upcasters
                }

                #[derive(Default)]
                struct Crate;

                impl Aggregate for Crate {
                    const CATEGORY: &'static str = "box";
                    type Event = BoxEvent;
                    type Error = String;
                    fn apply(&mut self, _: &BoxEvent) {}
                }

                let error = Repository::<Crate>::new(memory()).unwrap_err();
                assert!(matches!(error, $expected), "{error}");
            }
        };
    }

    fn none() -> Upcasters {
        Upcasters::default()
    }

    #[expect(clippy::unnecessary_wraps, reason = "an upcaster may fail")]
    fn same(value: &mut serde_json::Value, _: &factum_core::RecordedEvent) -> Result<(), String> {
        value["seen"] = json!(true);
        Ok(())
    }

    broken!(
        a_missing_link,
        3,
        none().change("box.packed", 1, same),
        RegistryError::MissingUpcaster { .. }
    );
    broken!(
        two_links_from_one_shape,
        2,
        none().change("box.packed", 1, same).drop("box.packed", 1),
        RegistryError::TwoUpcasters { .. }
    );
    broken!(
        a_dead_end,
        1,
        none().rename("box.filled", 1, "box.full", 1),
        RegistryError::DeadEnd { .. }
    );
    broken!(a_link_from_now, 1, none().drop("box.packed", 1), RegistryError::FromCurrent { .. });
    broken!(
        a_link_from_the_future,
        1,
        none().drop("box.packed", 2),
        RegistryError::FromFuture { .. }
    );
    broken!(
        a_circle,
        1,
        none().rename("box.a", 1, "box.b", 1).rename("box.b", 1, "box.a", 1),
        RegistryError::Circle { .. }
    );

    #[test]
    fn one_name_for_two_types() {
        #[derive(Event, Serialize, Deserialize)]
        #[factum(crate = "factum_core")]
        enum LeftEvent {
            #[factum(name = "box.packed")]
            Packed,
        }
        #[derive(Event, Serialize, Deserialize)]
        #[factum(crate = "factum_core")]
        enum RightEvent {
            #[factum(name = "box.packed")]
            Filled,
        }
        #[derive(Event)]
        #[factum(crate = "factum_core", union)]
        enum Either {
            Left(LeftEvent),
            Right(RightEvent),
        }
        let error = factum_core::Registry::of::<Either>().unwrap_err().to_string();
        assert!(
            error.contains("LeftEvent::Packed") && error.contains("RightEvent::Filled"),
            "{error}"
        );
        assert!(matches!(Either::from(LeftEvent::Packed), Either::Left(_)));
        assert!(matches!(Either::from(RightEvent::Filled), Either::Right(_)));
    }
}
