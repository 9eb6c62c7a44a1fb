//! What a store can do, known before it is asked.

use crate::SqlDialect;

/// Which optional parts of the contract a store honours.
///
/// What is not listed here is not optional.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is an independent fact about a store")]
pub struct Capabilities {
    /// The backend's name, for people: `memory`, `sqlite`.
    pub backend: &'static str,
    /// An acknowledged append survives the end of the process and a loss of power.
    pub durable: bool,
    /// Positions are 1, 2, 3, ... without a hole.
    pub dense_positions: bool,
    /// Several processes may open the store at once.
    pub multi_process: bool,
    /// A consistent copy can be taken while the store is in use.
    pub backup: bool,
    /// Which SQL the tables of views speak; `None` if the store has no views.
    pub views: Option<SqlDialect>,
    /// Longest time until an append of another process wakes a watch, in milliseconds; `None` if
    /// there can be no other process.
    pub foreign_wake_ms_max: Option<u64>,
}
