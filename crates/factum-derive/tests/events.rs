//! An account's events: what they are called, how they are stored, and what they say of themselves.
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::fmt::Debug;

use factum_core::codec::Payload;
use factum_core::{Codec, Event, EventSpec, Facts, QueryItem, SchemaVersion, Upcasters};
use factum_derive::Event;
use serde::{Deserialize, Serialize};

#[derive(Event, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[factum(crate = "factum_core", upcasters = older)]
enum AccountEvent {
    Opened {
        #[factum(tag)]
        account: u64,
        owner: String,
    },
    Deposited(u64, String),
    #[factum(version = 3)]
    Named(String),
    Closed,
    Imported(Row),
    #[factum(name = "ledger.row", codec = "cbor")]
    Booked(#[factum(inner)] Row),
}

/// A row of the old ledger, and an event of its own.
#[derive(Event, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[factum(crate = "factum_core", name = "row.read", version = 2, codec = "cbor")]
struct Row {
    #[factum(tag = "row")]
    number: u32,
    #[factum(claim = "iban")]
    iban: Option<String>,
}

fn older() -> Upcasters {
    Upcasters::default().rename("account.created", 1, "account.opened", 1)
}

fn row() -> Row {
    Row { number: 7, iban: Some("XY 12".into()) }
}

fn every_kind() -> Vec<AccountEvent> {
    vec![
        AccountEvent::Opened { account: 1, owner: "ann".into() },
        AccountEvent::Deposited(5, "cash".into()),
        AccountEvent::Named("savings".into()),
        AccountEvent::Closed,
        AccountEvent::Imported(row()),
        AccountEvent::Booked(row()),
    ]
}

fn encoded(event: &impl Event) -> Vec<u8> {
    let mut out = Vec::new();
    event.encode(&mut out).unwrap();
    out
}

fn comes_back<E: Event + Debug + PartialEq>(event: &E) {
    let (bytes, spec) = (encoded(event), event.spec());
    let payload = Payload::Bytes { codec: spec.codec(), bytes: &bytes };
    assert_eq!(&E::decode(spec.event_type().as_str(), payload).unwrap(), event);
}

fn names(specs: &[&'static EventSpec]) -> Vec<&'static str> {
    specs.iter().map(|it| it.event_type().as_str()).collect()
}

#[test]
fn names_are_of_the_context_and_the_variant() {
    assert_eq!(
        names(&AccountEvent::specs()),
        [
            "account.opened",
            "account.deposited",
            "account.named",
            "account.closed",
            "account.imported",
            "ledger.row",
        ]
    );
    assert_eq!(names(&Row::specs()), ["row.read"]);
}

#[test]
fn words_of_names_are_told_apart_and_contexts_given() {
    #[derive(Event, Serialize, Deserialize)]
    #[factum(crate = "factum_core")]
    enum LoanRequestEvent {
        CreditChecked,
    }
    #[derive(Event, Serialize, Deserialize)]
    #[factum(crate = "factum_core", context = "loan")]
    enum Requests {
        Made,
    }
    assert_eq!(names(&LoanRequestEvent::specs()), ["loan-request.credit-checked"]);
    assert_eq!(names(&Requests::specs()), ["loan.made"]);
    assert_eq!(LoanRequestEvent::CreditChecked.spec(), LoanRequestEvent::CREDIT_CHECKED);
    assert_eq!(Requests::Made.spec(), Requests::MADE);
}

#[test]
fn each_variant_has_a_constant_that_a_query_takes() {
    for (event, spec) in every_kind().iter().zip(AccountEvent::specs()) {
        assert_eq!(event.spec(), spec);
        assert_eq!(AccountEvent::find(spec.event_type().as_str()), Some(spec));
    }
    assert_eq!(AccountEvent::CLOSED.event_type().as_str(), "account.closed");
    assert_eq!(Row::SPEC.event_type().as_str(), "row.read");
    let types = [AccountEvent::CLOSED, AccountEvent::OPENED];
    let _ = QueryItem::tagged("account", 1).unwrap().types(types);
}

#[test]
fn a_constant_is_as_visible_as_its_enum() {
    mod rooms {
        use factum_derive::Event;
        use serde::{Deserialize, Serialize};

        /// Events of one room.
        #[derive(Event, Serialize, Deserialize)]
        #[factum(crate = "::factum_core")]
        pub(super) enum RoomEvent {
            Closed,
        }
    }
    assert_eq!(rooms::RoomEvent::Closed.spec(), rooms::RoomEvent::CLOSED);
}

#[test]
fn a_variant_all_in_capitals_keeps_its_name() {
    #[derive(Event, Serialize, Deserialize)]
    #[factum(crate = "factum_core")]
    #[expect(clippy::upper_case_acronyms, reason = "some write them so")]
    enum CustomerEvent {
        KYC,
    }
    assert_eq!(CustomerEvent::KYC.spec(), CustomerEvent::KYC_SPEC);
    assert_eq!(names(&CustomerEvent::specs()), ["customer.kyc"]);
}

#[test]
fn a_spec_says_version_codec_and_rust_name() {
    assert_eq!(AccountEvent::OPENED.schema_version(), SchemaVersion::new(1));
    assert_eq!(AccountEvent::NAMED.schema_version(), SchemaVersion::new(3));
    assert_eq!(Row::SPEC.schema_version(), SchemaVersion::new(2));
    assert_eq!(AccountEvent::OPENED.codec(), Codec::Json);
    assert_eq!(AccountEvent::BOOKED.codec(), Codec::Cbor);
    assert_eq!(AccountEvent::OPENED.rust_name(), "events::AccountEvent::Opened");
    assert_eq!(Row::SPEC.rust_name(), "events::Row");
}

#[test]
fn a_payload_holds_the_fields_alone() {
    let payloads: Vec<String> =
        every_kind()[..5].iter().map(|event| String::from_utf8(encoded(event)).unwrap()).collect();
    assert_eq!(
        payloads,
        [
            r#"{"account":1,"owner":"ann"}"#,
            r#"[5,"cash"]"#,
            r#""savings""#,
            "{}",
            r#"{"number":7,"iban":"XY 12"}"#,
        ]
    );
}

#[test]
fn every_kind_of_variant_comes_back_from_json() {
    every_kind().iter().for_each(comes_back);
}

#[test]
fn every_kind_of_variant_comes_back_from_cbor() {
    #[derive(Event, Serialize, Deserialize, Debug, PartialEq)]
    #[factum(crate = "factum_core", codec = "cbor")]
    enum Cbor {
        Unit,
        Newtype(u8),
        Own(Row),
        Tuple(u8, String),
        Fields { a: u8, b: Option<String> },
    }
    let events = [
        Cbor::Unit,
        Cbor::Newtype(1),
        Cbor::Own(row()),
        Cbor::Tuple(2, "b".into()),
        Cbor::Fields { a: 3, b: None },
    ];
    assert!(Cbor::specs().iter().all(|it| it.codec() == Codec::Cbor));
    assert_eq!(encoded(&Cbor::Unit), [0xa0], "an empty map");
    events.iter().for_each(comes_back);
}

#[test]
fn a_struct_comes_back() {
    comes_back(&row());
    assert!(Row::find("account.opened").is_none());
}

#[test]
fn an_unknown_type_is_refused() {
    let payload = || Payload::Bytes { codec: Codec::Json, bytes: b"{}" };
    assert!(AccountEvent::find("account.vanished").is_none());
    assert!(AccountEvent::decode("account.vanished", payload()).is_err());
    assert!(Row::decode("account.opened", payload()).is_err());
}

#[test]
fn facts_of_an_inner_event_count_where_they_are_asked_for() {
    let told = |event: &AccountEvent| {
        let mut facts = Facts::default();
        event.facts(&mut facts).unwrap();
        (facts.tags().len(), facts.claims().len())
    };
    assert_eq!(told(&AccountEvent::Booked(row())), (1, 1));
    assert_eq!(told(&AccountEvent::Imported(row())), (0, 0));
}

#[test]
fn upcasters_are_those_of_the_function() {
    assert_eq!(
        format!("{:?}", AccountEvent::upcasters()),
        "[account.created v1 -> account.opened v1]"
    );
    assert_eq!(format!("{:?}", Row::upcasters()), "[]");
}

#[derive(Event, Serialize, Deserialize, Debug, PartialEq)]
#[factum(crate = "factum_core", name = "shop.closed")]
struct ShopClosed;

#[test]
fn a_struct_without_fields_may_get_some_later() {
    let mut payload = Vec::new();
    ShopClosed.encode(&mut payload).unwrap();
    assert_eq!(payload, b"{}");
    for stored in ["{}", r#"{"reason":"rain"}"#, "null"] {
        let stored = Payload::Bytes { codec: Codec::Json, bytes: stored.as_bytes() };
        assert_eq!(ShopClosed::decode("shop.closed", stored), Ok(ShopClosed));
    }
    let mut cbor = Vec::new();
    factum_core::codec::encode_nothing(Codec::Cbor, &mut cbor).unwrap();
    assert_eq!(cbor, [0xa0], "an empty map");
}
