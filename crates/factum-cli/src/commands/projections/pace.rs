//! How fast something moves, as it was seen.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Looks that count: older ones say little about now.
const LOOKS_MAX: usize = 15;

/// Where something was at which time.
#[derive(Debug, Default)]
pub(super) struct Pace {
    seen: VecDeque<(Instant, u64)>,
}

impl Pace {
    /// Takes a look into account. One that goes back begins anew.
    pub(super) fn note(&mut self, at: Instant, place: u64) {
        if self.seen.back().is_some_and(|(_, last)| *last > place) {
            self.seen.clear();
        }
        if self.seen.len() == LOOKS_MAX {
            self.seen.pop_front();
        }
        self.seen.push_back((at, place));
    }

    /// How long `events` more take; `None` as long as it was not seen to move.
    pub(super) fn left(&self, events: u64) -> Option<Duration> {
        let ((began, from), (at, to)) = (*self.seen.front()?, *self.seen.back()?);
        left(events, to.checked_sub(from)?, at.duration_since(began))
    }
}

/// How long `events` take where `done` took so long; `None` if none was done.
pub(super) fn left(events: u64, done: u64, took: Duration) -> Option<Duration> {
    let micros =
        u128::from(events) * took.as_micros() / u128::from(std::num::NonZero::new(done)?.get());
    Some(Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{LOOKS_MAX, Pace};

    #[test]
    fn what_is_left_follows_from_the_looks_so_far() {
        let (mut pace, began) = (Pace::default(), Instant::now());
        pace.note(began, 100);
        assert_eq!(pace.left(50), None);
        pace.note(began + Duration::from_secs(2), 120);
        assert_eq!(pace.left(50), Some(Duration::from_secs(5)));
        assert_eq!(pace.left(0), Some(Duration::ZERO));
    }

    #[test]
    fn one_that_goes_back_begins_anew_and_old_looks_are_forgotten() {
        let (mut pace, began) = (Pace::default(), Instant::now());
        pace.note(began, 100);
        pace.note(began + Duration::from_secs(1), 0);
        assert_eq!(pace.left(10), None);
        for second in 2..=(LOOKS_MAX as u64 + 1) {
            pace.note(began + Duration::from_secs(second), 10);
        }
        assert_eq!(pace.left(10), None, "it has not moved for as long as that");
    }
}
