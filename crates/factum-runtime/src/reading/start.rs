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
    /// With the first event that was recorded at this instant or later, and everything after it; see
    /// [`position_before`].
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

/// The place right before the first event, in the order of the log, that was recorded at `instant` or
/// later; the end of the log if there is none.
///
/// Every event from that time on comes after it. Older ones may too: positions order events and times do
/// not, since clocks go back and imports keep the times of their source. So the log is read from its
/// beginning up to that event, page by page, at the speed of any read.
///
/// # Cancel safety
///
/// Cancel safe: it only reads.
///
/// # Errors
///
/// A [`StoreError`] if the log cannot be read.
pub async fn position_before(
    log: &SharedStore,
    instant: Timestamp,
) -> Result<Position, StoreError> {
    let head = log.head().await?;
    let mut pages = log.read(LogRead { through: Some(head), ..LogRead::default() });
    while let Some(page) = pages.try_next().await? {
        if let Some(first) = page.events.iter().find(|event| event.recorded_at >= instant) {
            return Ok(Position::new(first.position.get().saturating_sub(1)));
        }
    }
    Ok(head)
}
