//! A bank's events are those of its contexts.
#![allow(clippy::unwrap_used, reason = "a test may")]

use factum_core::codec::Payload;
use factum_core::{Codec, Event, Facts, Part, Upcasters};
use factum_derive::Event;
use serde::{Deserialize, Serialize};

#[derive(Event, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[factum(crate = "factum_core", upcasters = older_accounts)]
enum AccountEvent {
    Opened {
        #[factum(tag)]
        account: u32,
    },
    Closed,
}

#[derive(Event, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[factum(crate = "factum_core", name = "transfer.made", upcasters = older_transfers)]
struct TransferMade {
    amount: u32,
}

#[derive(Event, Clone, Debug, PartialEq)]
#[factum(crate = "factum_core", union)]
enum BankEvent {
    Account(AccountEvent),
    Transfer(TransferMade),
}

/// A union may be part of another, or have one part only.
#[derive(Event, Clone, Debug, PartialEq)]
#[factum(crate = "factum_core", union, upcasters = older_accounts)]
enum WorldEvent {
    Bank(BankEvent),
}

fn older_accounts() -> Upcasters {
    Upcasters::default().drop("account.viewed", 1)
}

fn older_transfers() -> Upcasters {
    Upcasters::default().drop("transfer.planned", 1)
}

#[test]
fn the_types_are_those_of_all_parts() {
    let specs = [AccountEvent::OPENED, AccountEvent::CLOSED, TransferMade::SPEC];
    assert_eq!(BankEvent::specs(), specs);
    assert_eq!(WorldEvent::specs(), specs);
    assert_eq!(BankEvent::find("transfer.made"), Some(TransferMade::SPEC));
    assert_eq!(BankEvent::find("transfer.lost"), None);
}

#[test]
fn each_event_is_written_and_read_as_its_part() {
    let events: [BankEvent; 2] =
        [AccountEvent::Opened { account: 1 }.into(), TransferMade { amount: 5 }.into()];
    for event in events {
        let (mut bytes, name) = (Vec::new(), event.spec().event_type().as_str());
        event.encode(&mut bytes).unwrap();
        let payload = || Payload::Bytes { codec: Codec::Json, bytes: &bytes };
        assert_eq!(BankEvent::decode(name, payload()).unwrap(), event);
        assert_eq!(WorldEvent::decode(name, payload()).unwrap(), WorldEvent::Bank(event));
    }
    let payload = Payload::Bytes { codec: Codec::Json, bytes: b"{}" };
    assert!(BankEvent::decode("transfer.lost", payload).is_err());
}

#[test]
fn a_union_says_what_its_part_says() {
    let opened = WorldEvent::from(BankEvent::from(AccountEvent::Opened { account: 1 }));
    let mut facts = Facts::default();
    opened.facts(&mut facts).unwrap();
    assert_eq!(facts.tags()[0].as_str(), "account:1");
    assert_eq!(opened.spec(), AccountEvent::OPENED);
}

#[test]
fn a_part_is_found_in_its_union() {
    let closed = BankEvent::Account(AccountEvent::Closed);
    assert_eq!(AccountEvent::part(&closed), Some(&AccountEvent::Closed));
    assert_eq!(TransferMade::part(&closed), None);
    assert_eq!(BankEvent::part(&WorldEvent::Bank(closed.clone())), Some(&closed));
}

#[test]
fn upcasters_are_those_of_all_parts() {
    let links = "account.viewed v1 ->, transfer.planned v1 ->";
    assert_eq!(format!("{:?}", BankEvent::upcasters()), format!("[{links}]"));
    let links = format!("[{links}, account.viewed v1 ->]");
    assert_eq!(format!("{:?}", WorldEvent::upcasters()), links, "and the union's own");
}
