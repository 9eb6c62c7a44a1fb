//! Places: in the whole log, and in one stream.

use crate::limits::POSITION_MAX;
use crate::{StoreError, StoreErrorKind};

/// Refuses a place that no store can keep, before it is stored; `whose` says what it is for.
pub(crate) fn check_place(
    operation: &'static str,
    whose: impl std::fmt::Display,
    number: u64,
) -> Result<(), StoreError> {
    if number <= POSITION_MAX {
        return Ok(());
    }
    let message = format!("{whose}: expected at most {POSITION_MAX}, found {number}");
    Err(StoreError::new(StoreErrorKind::LimitExceeded, operation, message))
}

/// A place in the whole log: 1-based, dense, given at commit.
///
/// [`Position::START`] stands before the first event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position(u64);

impl Position {
    /// Before the first event: reading after it reads everything.
    pub const START: Self = Self(0);

    /// The place with this number; 0 is [`Position::START`].
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number, 1-based; 0 for [`Position::START`].
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The place `count` events further on.
    #[must_use]
    pub const fn plus(self, count: u64) -> Self {
        Self(self.0.saturating_add(count))
    }
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A place in one stream: 0-based and dense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Revision(u64);

impl Revision {
    /// The first event of a stream.
    pub const FIRST: Self = Self(0);

    /// The place with this number, 0-based.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number, 0-based.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The place after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl std::fmt::Display for Revision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}
