//! Only what can be shown can be a tag or a claim.

use factum_derive::Event;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct AccountId(u64);

#[derive(Event, Serialize, Deserialize)]
#[factum(crate = "factum_core")]
enum AccountEvent {
    Opened {
        #[factum(tag)]
        account: AccountId,
    },
}

fn main() {}
