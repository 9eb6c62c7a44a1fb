//! A message is one field.

use factum_derive::Event;

#[derive(Event)]
#[factum(crate = "factum_core", codec = "protobuf")]
enum ParcelEvent {
    Shipped { parcel: String },
    Lost,
}

fn main() {}
