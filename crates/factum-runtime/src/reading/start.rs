//! Where a new subscription begins.

use factum_core::{LogRead, Position, SharedStore, StoreError, Timestamp};
use futures::TryStreamExt;

/// Where a subscription begins if it is new. One that is known goes on where it stopped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum StartFrom {
    /// With the first event of the log.
    #[default]
    Beginning,
    /// With whatever is appended from now on.
    Now,
    /// With the event after this place, which is at most the end of the log.
    After(Position),
    /// With what was recorded at this instant or later; see [`position_before`].
    At(Timestamp),
}

impl StartFrom {
    /// The place after which it begins.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] if the log cannot be read.
    pub async fn position(self, log: &SharedStore) -> Result<Position, StoreError> {
        match self {
            Self::Beginning => Ok(Position::START),
            Self::Now => log.head().await,
            Self::After(position) => Ok(position.min(log.head().await?)),
            Self::At(instant) => position_before(log, instant).await,
        }
    }
}

/// Where a run ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EndAt {
    /// At the end of the log as it is when the run starts.
    Head,
    /// After this place.
    Position(Position),
}

impl EndAt {
    /// The last place that is handled, once it is known.
    pub(super) fn position(self) -> Option<Position> {
        match self {
            Self::Head => None,
            Self::Position(position) => Some(position),
        }
    }
}

/// The place after which the events recorded at `instant` or later stand.
///
/// Found by halving the log, in as many reads as its length has binary digits. Positions order events
/// and times do not: where clocks went back, this is one of the places where the times pass the
/// instant.
///
/// # Errors
///
/// A [`StoreError`] if the log cannot be read.
pub async fn position_before(
    log: &SharedStore,
    instant: Timestamp,
) -> Result<Position, StoreError> {
    let (mut before, mut from) = (0_u64, log.head().await?.get().saturating_add(1));
    // Everything at or below `before` is earlier, everything from `from` on is not.
    while before.saturating_add(1) < from {
        let middle = before + (from - before) / 2;
        match first_from(log, middle, from).await? {
            Some((position, recorded_at)) if recorded_at < instant => before = position,
            _ => from = middle,
        }
    }
    Ok(Position::new(before))
}

/// The first event that the handle sees at or after `from` and before `end`.
async fn first_from(
    log: &SharedStore,
    from: u64,
    end: u64,
) -> Result<Option<(u64, Timestamp)>, StoreError> {
    let read = LogRead {
        after: Position::new(from - 1),
        through: Some(Position::new(end - 1)),
        limit: Some(1),
        page_events_max: 1,
        ..LogRead::default()
    };
    let mut pages = log.read(read);
    while let Some(page) = pages.try_next().await? {
        if let Some(event) = page.events.first() {
            return Ok(Some((event.position.get(), event.recorded_at)));
        }
    }
    Ok(None)
}
