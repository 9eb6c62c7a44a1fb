//! Names that the log does not take.

use factum_derive::Event;
use serde::{Deserialize, Serialize};

#[derive(Event, Serialize, Deserialize)]
#[factum(crate = "factum_core")]
enum AccountEvent {
    #[factum(name = "account opened")]
    Opened,
    #[factum(name = "factum.closed")]
    Closed,
    #[factum(name = "")]
    Named(#[factum(tag = "the name")] String),
    Größer,
}

#[derive(Event, Serialize, Deserialize)]
#[factum(crate = "factum_core", context = "factum")]
enum LogEvent {
    Read,
}

fn main() {}
