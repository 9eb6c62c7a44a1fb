//! Copying a whole log from one store to another.
//!
//! A task reads the source, makes copies of its events and gathers them in batches ([`batches`]);
//! the other side appends them ([`writer`]) and notes how far it is ([`checkpoint`]). Between them
//! is a channel of a few batches, so that the next one is read while the one before is flushed.
//! A run that goes on where another stopped first looks at what is there ([`resume`]); afterwards
//! both logs can be compared ([`verify`]).

mod address;
mod bar;
mod batches;
mod checkpoint;
mod copies;
mod error;
mod resume;
mod run;
mod summary;
mod tally;
mod verify;
mod writer;

pub(crate) use self::address::Address;
pub(crate) use self::error::MigrateError;
pub(crate) use self::run::{Migration, Settings};
