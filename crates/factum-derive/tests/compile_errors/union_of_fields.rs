//! What a union leaves to its parts.

use factum_derive::Event;
use serde::{Deserialize, Serialize};

#[derive(Event, Serialize, Deserialize)]
#[factum(crate = "factum_core")]
enum AccountEvent {
    Opened,
}

#[derive(Event)]
#[factum(crate = "factum_core", union, codec = "cbor")]
enum BankEvent {
    Account(AccountEvent),
    Other(AccountEvent),
    #[factum(name = "bank.closed")]
    Closed,
}

fn main() {}
