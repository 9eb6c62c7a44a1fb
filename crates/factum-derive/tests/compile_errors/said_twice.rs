//! A key that stands twice.

use factum_derive::Event;
use serde::{Deserialize, Serialize};

#[derive(Event, Serialize, Deserialize)]
#[factum(crate = "factum_core")]
enum AccountEvent {
    #[factum(version = 2)]
    #[factum(version = 3)]
    Opened,
}

fn main() {}
