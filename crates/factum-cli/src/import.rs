//! Bringing events in from files.
//!
//! A thread reads the file and makes events of it ([`source`]); the other side compares them with
//! the store and appends those that are new ([`writer`]). Between them is a channel of a few
//! batches, so that the next batch is read while the one before is being flushed.

mod batches;
mod case;
mod csv;
mod cursor;
mod encoding;
#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod generated;
mod identity;
mod input;
mod json;
mod jsonl;
mod lines;
mod mapping;
mod names;
mod order;
mod progress;
mod source;
mod stored;
mod summary;
pub(crate) mod timestamps;
mod writer;
mod xes;

pub(crate) use self::batches::OnError;
pub(crate) use self::csv::{CsvColumns, CsvSource};
pub(crate) use self::encoding::encoding;
pub(crate) use self::input::{Decoding, Input};
pub(crate) use self::jsonl::{JsonlSource, TenantRule};
pub(crate) use self::progress::Progress;
pub(crate) use self::source::Source;
pub(crate) use self::summary::Summary;
pub(crate) use self::timestamps::TimeOptions;
pub(crate) use self::writer::Rules;
pub(crate) use self::xes::{XesKeys, XesSource};
