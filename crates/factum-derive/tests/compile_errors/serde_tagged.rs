//! Other ways to write an enum than serde's own.

use factum_derive::Event;
use serde::{Deserialize, Serialize};

#[derive(Event, Serialize, Deserialize)]
#[serde(tag = "type", content = "data")]
#[factum(crate = "factum_core")]
enum AccountEvent {
    Opened { account: u64 },
}

#[derive(Event, Serialize, Deserialize)]
#[serde(untagged)]
#[factum(crate = "factum_core")]
enum CourseEvent {
    Defined { course: u64 },
}

#[derive(Event, Serialize, Deserialize)]
#[factum(crate = "factum_core")]
enum RoomEvent {
    #[serde(skip)]
    Closed,
}

fn main() {}
