//! The rows of what reads the log: views in tables and in memory, filters, and doing nothing.

pub mod flat;
mod idle;
mod live;
mod sparse;
mod table;
mod visible;

use crate::{Measure, OnFiles};

pub const TABLE: &str = "view catch-up, SQLite";
pub const LIVE: &str = "live view catch-up";
pub const VISIBLE: &str = "append to visible";
pub const IDLE: &str = "50 idle projections";
pub const SPARSE: &str = "a filter of 1 in 1000";
pub const FLAT: &str = "memory while catching up";

pub const ALL: &[Measure<OnFiles>] = &[
    (&[TABLE], table::measure),
    (&[LIVE], live::measure),
    (&[VISIBLE], visible::measure),
    (&[IDLE], idle::measure),
    (&[SPARSE], sparse::measure),
    (&[FLAT], flat::measure),
];
