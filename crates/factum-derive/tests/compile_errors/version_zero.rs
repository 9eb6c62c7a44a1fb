//! Versions count from 1.

use factum_derive::Event;
use serde::{Deserialize, Serialize};

#[derive(Event, Serialize, Deserialize)]
#[factum(crate = "factum_core")]
enum AccountEvent {
    #[factum(version = 0)]
    Opened,
}

fn main() {}
