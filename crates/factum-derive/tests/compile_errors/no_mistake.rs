//! Nothing is wrong here: it compiles.

use factum_derive::Event;
use serde::{Deserialize, Serialize};

#[derive(Event, Serialize, Deserialize)]
#[factum(crate = "factum_core")]
enum AccountEvent {
    Opened {
        #[factum(tag)]
        holder: String,
    },
}

fn main() {
    let opened = AccountEvent::Opened { holder: "ann".into() };
    let AccountEvent::Opened { holder } = &opened;
    println!("{holder} {:?}", AccountEvent::OPENED);
}
