//! Values of another kind than the key takes.

use factum_derive::Event;
use serde::{Deserialize, Serialize};

#[derive(Event, Serialize, Deserialize)]
#[factum(crate = "factum_core", upcasters = "older::upcasters")]
enum AccountEvent {
    #[factum(name = opened)]
    Opened,
    #[factum(version = "2")]
    Named(String),
    #[factum(codec = "xml")]
    Deposited(u64),
    #[factum(version)]
    Closed {
        #[factum(claim)]
        reason: String,
        #[factum(exact = "yes", claim = "by")]
        by: String,
    },
}

fn main() {}
