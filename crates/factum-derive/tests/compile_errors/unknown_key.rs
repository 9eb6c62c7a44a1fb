//! Keys that are not known, or known elsewhere; all are reported at once.

use factum_derive::Event;
use serde::{Deserialize, Serialize};

#[derive(Event, Serialize, Deserialize)]
#[factum(crate = "factum_core", prefix = "account")]
enum AccountEvent {
    #[factum(tag = "account")]
    Opened {
        #[factum(name = "account")]
        account: u64,
    },
    #[factum(rename = "account.closed")]
    Closed,
}

fn main() {}
