//! Time, passed in.

use std::fmt::Debug;
use std::time::{Duration, SystemTime};

/// An instant: microseconds since 1970-01-01T00:00:00Z, negative before.
///
/// Shown and parsed as RFC 3339. Times describe events; they never order them.
///
/// # Examples
///
/// ```
/// use factum_core::Timestamp;
///
/// let at: Timestamp = "2011-10-11T13:45:40.276+02:00".parse()?;
/// assert_eq!(at.to_string(), "2011-10-11T11:45:40.276Z");
/// assert!("yesterday".parse::<Timestamp>().is_err());
/// # Ok::<(), factum_core::InvalidTime>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(i64);

/// A text that is no instant, or an instant out of range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid time: expected RFC 3339 such as 2026-01-31T09:30:00Z, found {found:?}")]
pub struct InvalidTime {
    found: String,
}

impl Timestamp {
    /// The instant this many microseconds after 1970-01-01T00:00:00Z.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// The instant `millis` milliseconds later, at the end of time if there is none.
    #[must_use]
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis.saturating_mul(1_000)))
    }
}

impl std::str::FromStr for Timestamp {
    type Err = InvalidTime;

    fn from_str(text: &str) -> Result<Self, InvalidTime> {
        let parsed: Result<jiff::Timestamp, _> = text.trim().parse();
        let cut = || text.chars().take(64).collect();
        parsed.map(|at| Self(at.as_microsecond())).map_err(|_| InvalidTime { found: cut() })
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(at) => write!(f, "{at}"),
            Err(_) => write!(f, "{}us", self.0), // Outside the years that RFC 3339 can write.
        }
    }
}

impl Debug for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Timestamp({self})")
    }
}

/// Tells the time. Passed in, so that tests decide what time it is.
pub trait Clock: Debug + Send + Sync + 'static {
    /// The current instant.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        // By the standard library: every event asks, and a calendar is not needed for it.
        let micros = |time: Duration| i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
        match SystemTime::now().duration_since(SystemTime::UNIX_EPOCH) {
            Ok(since) => Timestamp(micros(since)),
            Err(before) => Timestamp(-micros(before.duration())),
        }
    }
}
