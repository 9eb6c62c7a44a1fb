//! serde may know variants by other names than the log does: each is found under serde's.
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::fmt::Debug;

use factum_core::Event;
use factum_core::codec::Payload;
use factum_derive::Event;
use serde::{Deserialize, Serialize};

fn comes_back<E: Event + Debug + PartialEq>(event: &E) {
    let (mut bytes, spec) = (Vec::new(), event.spec());
    event.encode(&mut bytes).unwrap();
    let payload = Payload::Bytes { codec: spec.codec(), bytes: &bytes };
    assert_eq!(&E::decode(spec.event_type().as_str(), payload).unwrap(), event);
}

#[test]
fn a_variant_may_be_renamed() {
    #[derive(Event, Serialize, Deserialize, Debug, PartialEq)]
    #[serde(deny_unknown_fields, rename_all = "snake_case")]
    #[factum(crate = "factum_core")]
    enum OrderEvent {
        #[serde(rename = "o")]
        Opened {
            id: u8,
        },
        #[serde(rename(serialize = "p", deserialize = "q"), alias = "paid")]
        Paid(u8),
        #[serde(rename(serialize = "s"))]
        SentOut,
        r#Return(u8, u8),
    }
    comes_back(&OrderEvent::Opened { id: 1 });
    comes_back(&OrderEvent::Paid(1));
    comes_back(&OrderEvent::SentOut);
    comes_back(&OrderEvent::r#Return(1, 2));
}

#[test]
fn reading_has_its_own_rule() {
    #[derive(Event, Serialize, Deserialize, Debug, PartialEq)]
    #[serde(rename_all(serialize = "lowercase", deserialize = "kebab-case"))]
    #[factum(crate = "factum_core")]
    enum OrderEvent {
        SentOut(u8),
    }
    comes_back(&OrderEvent::SentOut(1));
}

#[test]
fn every_rule_is_serdes() {
    macro_rules! rules {
        ($($rule:literal)*) => {$({
            #[derive(Event, Serialize, Deserialize, Debug, PartialEq)]
            #[serde(rename_all = $rule)]
            #[factum(crate = "factum_core")]
            enum OrderEvent {
                SentOutHTTP2 { id: u8 },
                PaidTwice,
            }
            comes_back(&OrderEvent::SentOutHTTP2 { id: 1 });
            comes_back(&OrderEvent::PaidTwice);
        })*};
    }
    rules!("lowercase" "UPPERCASE" "PascalCase" "camelCase" "snake_case" "SCREAMING_SNAKE_CASE"
        "kebab-case" "SCREAMING-KEBAB-CASE");
}
