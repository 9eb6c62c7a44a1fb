//! Events that could not be handled, and those that wait behind them.

use async_trait::async_trait;

use super::name::{LaneKey, SubscriptionName};
use crate::{EventId, EventType, Position, StoreError, StreamId, TenantId, Timestamp};

/// Why an event is set aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DeadLetterStatus {
    /// It failed, and everything after it of the same key waits.
    Parked,
    /// It waits behind a failed one of its key.
    Waiting,
    /// It failed, and its key goes on without it.
    Dead,
}

impl DeadLetterStatus {
    /// Every status, in the order of their [numbers](Self::number).
    pub const ALL: [Self; 3] = [Self::Parked, Self::Waiting, Self::Dead];

    /// The stable number written to storage.
    pub const fn number(self) -> u8 {
        match self {
            Self::Parked => 0,
            Self::Waiting => 1,
            Self::Dead => 2,
        }
    }

    /// The status with this number, if there is one.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// The stable name shown to people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Parked => "parked",
            Self::Waiting => "waiting",
            Self::Dead => "dead",
        }
    }

    /// Whether events of the same key that come later wait for it.
    pub const fn blocks(self) -> bool {
        !matches!(self, Self::Dead)
    }
}

impl std::fmt::Display for DeadLetterStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An event that a subscription set aside. It stays in the log; this is where it stands and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// The event's place in the log.
    pub position: Position,
    /// What it is kept in order by.
    pub key: LaneKey,
    /// Why it is set aside.
    pub status: DeadLetterStatus,
    /// The event's identity.
    pub id: EventId,
    /// Whose event it is.
    pub tenant: TenantId,
    /// Its stream.
    pub stream: StreamId,
    /// Its type.
    pub event_type: EventType,
    /// What went wrong, in the words of whoever failed; cut at
    /// [`CAUSE_BYTES_MAX`](crate::limits::CAUSE_BYTES_MAX). Empty for one that waits.
    pub cause: String,
    /// How often it was tried; 0 for one that waits.
    pub attempts: u32,
    /// When it was set aside.
    pub first_at: Timestamp,
    /// When it last failed.
    pub last_at: Timestamp,
    /// Whether it is to be tried again.
    pub due: bool,
}

/// What dead letters are listed by: whose subscription (`None` for one of all tenants), its name,
/// and the event's place.
pub type DeadLetterKey = (Option<TenantId>, SubscriptionName, Position);

/// Which dead letters to list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetterList {
    /// Only those of this subscription of the handle's own scope.
    pub name: Option<SubscriptionName>,
    /// Only those of this key.
    pub key: Option<LaneKey>,
    /// Those that only wait as well.
    pub waiting: bool,
    /// Only those that are to be tried again. Implies those that wait.
    pub due: bool,
    /// Exclusive: the one after which to go on; `None` for the beginning.
    pub after: Option<DeadLetterKey>,
    /// Most entries to deliver, 1 to [`PAGE_MAX`](crate::limits::PAGE_MAX).
    pub limit: usize,
}

impl Default for DeadLetterList {
    /// The first 1,000 that failed, of every subscription.
    fn default() -> Self {
        Self { name: None, key: None, waiting: false, due: false, after: None, limit: 1_000 }
    }
}

/// Which of a subscription's dead letters are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeadLetterSelection {
    /// All that failed.
    All,
    /// Those that failed of one key.
    Key(LaneKey),
    /// The one at this place in the log.
    At(Position),
}

/// Events that subscriptions set aside. They come and go with an
/// [`Advance`](crate::Advance); here they are looked at, and people say what becomes of them.
#[async_trait]
pub trait DeadLetters: Send + Sync + 'static {
    /// Lists dead letters by subscription and place, each with its subscription's key. A handle of
    /// one tenant lists those of its own subscriptions, a handle of all tenants everyone's.
    ///
    /// # Errors
    ///
    /// [`LimitExceeded`](crate::StoreErrorKind::LimitExceeded) for a limit out of range.
    async fn dead_letters(
        &self,
        list: DeadLetterList,
    ) -> Result<Vec<(DeadLetterKey, DeadLetter)>, StoreError>;

    /// Has the meant ones, as far as they failed, tried again by whoever runs the subscription, now
    /// or next. Says how many those are. It is durable.
    ///
    /// # Errors
    ///
    /// A [`StoreError`]; nothing is stored.
    async fn replay(
        &self,
        name: &SubscriptionName,
        selection: DeadLetterSelection,
    ) -> Result<u64, StoreError>;

    /// Leaves the meant ones, as far as they failed, out for good; what waits behind them is tried
    /// by whoever runs the subscription, now or next. Says how many were left out. It is durable.
    ///
    /// # Errors
    ///
    /// A [`StoreError`]; nothing is stored.
    async fn discard(
        &self,
        name: &SubscriptionName,
        selection: DeadLetterSelection,
    ) -> Result<u64, StoreError>;
}
