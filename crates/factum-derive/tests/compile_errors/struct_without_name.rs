//! A struct has no context to be named after.

use factum_derive::Event;
use serde::{Deserialize, Serialize};

#[derive(Event, Serialize, Deserialize)]
#[factum(crate = "factum_core")]
struct Opened {
    account: u64,
}

fn main() {}
