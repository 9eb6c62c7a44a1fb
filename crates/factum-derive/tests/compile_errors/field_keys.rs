//! What stands on fields where it means nothing.

use factum_derive::Event;
use serde::{Deserialize, Serialize};

#[derive(Event, Serialize, Deserialize)]
#[factum(crate = "factum_core")]
enum AccountEvent {
    Opened(#[factum(tag)] u64),
    Named {
        #[factum(exact)]
        name: String,
    },
    Imported {
        #[factum(inner)]
        row: String,
    },
    Moved {
        #[factum(tag)]
        _from: u64,
    },
}

fn main() {}
