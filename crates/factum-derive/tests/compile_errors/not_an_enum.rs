//! What is no enum of events.

use factum_derive::Event;

#[derive(Event)]
#[factum(crate = "factum_core")]
union Bits {
    whole: u32,
}

#[derive(Event)]
#[factum(crate = "factum_core")]
enum NothingEvent {}

fn main() {}
