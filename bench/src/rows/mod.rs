//! The rows of the table, one file per kind of work.

mod append;
mod execute;
mod execute_memory;
mod guards;
mod import;
pub mod memory;
pub mod postgres;
mod read;
pub mod reading;
mod replay;
mod single;

use crate::{Measure, OnFiles};

pub const ALL: &[Measure<OnFiles>] = &[
    (&["append batches of 100", "append batches of 1000"], append::measure),
    (&["one event, one caller", "64 callers"], single::measure),
    (
        &["with a stream guard", "with a query guard", "with a claim", "with a command id"],
        guards::measure,
    ),
    (&["read all", "read 1000 streams of 500"], read::measure),
    (&["execute, 64 tasks"], execute::measure),
    (&["replay 100000 events", "load with a snapshot"], replay::measure),
    (&["execute in memory"], execute_memory::measure),
    (&["import XES", "memory while importing"], import::measure),
    (&["memory while reading", "open a large store"], memory::measure),
];
