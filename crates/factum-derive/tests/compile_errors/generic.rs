//! Events with type parameters.

use factum_derive::Event;

#[derive(Event)]
#[factum(crate = "factum_core")]
enum AccountEvent<T> {
    Opened(T),
}

fn main() {}
