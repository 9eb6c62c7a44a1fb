//! Two variants with one name in the log.

use factum_derive::Event;
use serde::{Deserialize, Serialize};

#[derive(Event, Serialize, Deserialize)]
#[factum(crate = "factum_core")]
enum AccountEvent {
    Opened,
    #[factum(name = "account.opened")]
    Created,
}

fn main() {}
