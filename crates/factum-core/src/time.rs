//! Time, passed in.

use std::fmt::Debug;
use std::time::{Duration, SystemTime};

use jiff::SignedDuration;
use jiff::civil::DateTime;
use jiff::fmt::temporal::Pieces;

/// An instant: microseconds since 1970-01-01T00:00:00Z, negative before.
///
/// Shown and parsed as RFC 3339, up to the end of the year 9999. A text may name a time zone in
/// brackets after the offset (RFC 9557); a name that contradicts the offset is an error. Times
/// describe events; they never order them.
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

    /// The instant at which a clock `offset_seconds` east of Greenwich shows `local`. By the
    /// calendar alone: it reaches the end of the year 9999, which instants of `jiff` do not.
    fn of_local(local: DateTime, offset_seconds: i32) -> Self {
        let since =
            local.duration_since(EPOCH).as_micros() - i128::from(offset_seconds) * 1_000_000;
        // Four digits of years are a twentieth of what 64 bits of microseconds hold.
        Self(i64::try_from(since).unwrap_or(i64::MAX))
    }
}

const EPOCH: DateTime = jiff::civil::date(1970, 1, 1).at(0, 0, 0, 0);

impl std::str::FromStr for Timestamp {
    type Err = InvalidTime;

    fn from_str(text: &str) -> Result<Self, InvalidTime> {
        let invalid = || InvalidTime { found: text.chars().take(64).collect() };
        let pieces = Pieces::parse(text.trim()).map_err(|_| invalid())?;
        let (Some(time), Some(offset)) = (pieces.time(), pieces.offset()) else {
            return Err(invalid());
        };
        if pieces.time_zone_annotation().is_some() {
            let zoned: jiff::Zoned = text.trim().parse().map_err(|_| invalid())?;
            return Ok(Self(zoned.timestamp().as_microsecond()));
        }
        Ok(Self::of_local(pieces.date().to_datetime(time), offset.to_numeric_offset().seconds()))
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let local = || EPOCH.checked_add(SignedDuration::from_micros(self.0));
        match jiff::Timestamp::from_microsecond(self.0).map_err(|_| local()) {
            Ok(at) => write!(f, "{at}"),
            Err(Ok(local)) if local.year() > 0 => write!(f, "{local}Z"),
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

#[cfg(test)]
mod tests {
    use super::Timestamp;

    #[test]
    fn the_whole_year_9999_is_read_and_shown() {
        for (text, shown) in [
            ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
            ("9999-12-31T23:59:59+01:00", "9999-12-31T22:59:59Z"),
            ("9999-12-31T23:59:59-05:00", "253402318799000000us"),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
            ("1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"),
        ] {
            assert_eq!(text.parse::<Timestamp>().unwrap().to_string(), shown, "{text}");
        }
    }

    #[test]
    fn a_zone_name_that_contradicts_the_offset_is_an_error() {
        let at = |text: &str| text.parse::<Timestamp>().ok().map(|at| at.to_string());
        let utc = Some("2024-07-10T06:30:00Z".to_owned());
        assert_eq!(at("2024-07-10T02:30:00-04:00[America/New_York]"), utc);
        assert_eq!(at("2024-07-10T06:30:00Z[America/New_York]"), utc);
        assert_eq!(at("2024-07-10T02:30:00-01:00[America/New_York]"), None);
        assert_eq!(at("2024-07-10T02:30:00-04:00[Mars/Base]"), None);
        assert_eq!(at("2024-07-10T02:30:00"), None);
    }
}
