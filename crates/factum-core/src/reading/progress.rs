//! What is stored of a subscription.

use super::advance::HandledEvent;
use super::lease::Epoch;
use super::name::{OwnerId, SubscriptionName};
use crate::limits::SHAPE_BYTES_MAX;
use crate::{Position, Query, TenantId, Timestamp};

/// What kind of reader it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SubscriptionKind {
    /// Hands events to a handler.
    Subscription,
    /// Keeps a view in step with the log.
    Projection,
}

impl SubscriptionKind {
    /// Every kind, in the order of their [numbers](Self::number).
    pub const ALL: [Self; 2] = [Self::Subscription, Self::Projection];

    /// The stable number written to storage.
    pub const fn number(self) -> u8 {
        match self {
            Self::Subscription => 0,
            Self::Projection => 1,
        }
    }

    /// The kind with this number, if there is one.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// The stable name shown to people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Subscription => "subscription",
            Self::Projection => "projection",
        }
    }
}

impl std::fmt::Display for SubscriptionKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A subscription as a program declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// Its name.
    pub name: SubscriptionName,
    /// What kind of reader it is.
    pub kind: SubscriptionKind,
    /// 1-based; raised when the same events are to make another view of it, which rebuilds it.
    pub version: u32,
    /// What it reads, in words that are equal for equal queries; see [`Registration::shape_of`].
    pub shape: String,
    /// Exclusive: where it starts if it is new.
    pub start: Position,
}

impl Registration {
    /// What `query` reads, in one line; where that is longer than
    /// [`SHAPE_BYTES_MAX`](crate::limits::SHAPE_BYTES_MAX), its beginning and a digest of it all.
    pub fn shape_of(query: &Query) -> String {
        let mut items: Vec<String> = query.items().iter().map(describe).collect();
        items.sort_unstable();
        items.dedup();
        if items.is_empty() {
            return "every event".into();
        }
        let shape = items.join(" or ");
        if shape.len() <= SHAPE_BYTES_MAX {
            return shape;
        }
        let digest = blake3::hash(shape.as_bytes()).to_hex();
        let mut end = SHAPE_BYTES_MAX - digest.len() - 5;
        while !shape.is_char_boundary(end) {
            end -= 1;
        }
        format!("{} ... {digest}", &shape[..end])
    }
}

fn describe(item: &crate::QueryItem) -> String {
    let mut parts = Vec::new();
    if let Some(streams) = &item.streams {
        parts.push(streams.to_string());
    }
    if let Some(category) = &item.category {
        parts.push(format!("category {category}"));
    }
    if !item.types.is_empty() {
        let mut types: Vec<&str> = item.types.iter().map(crate::EventType::as_str).collect();
        types.sort_unstable();
        types.dedup();
        parts.push(format!("types {}", types.join(", ")));
    }
    if !item.tags.is_empty() {
        let mut tags: Vec<&str> = item.tags.iter().map(crate::Tag::as_str).collect();
        tags.sort_unstable();
        parts.push(format!("tags {}", tags.join(", ")));
    }
    if let Some(correlation) = &item.correlation {
        parts.push(format!("correlation {correlation}"));
    }
    if parts.is_empty() { "every event".into() } else { parts.join(", ") }
}

/// How a declared subscription relates to the stored one of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegistrationFit {
    /// It is the same.
    Same,
    /// The declared one is newer: the view is to be rebuilt under it.
    Newer,
}

/// Two programs claim one name with different shapes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "subscription {name}: this program declares a {declared}, but the store knows a {stored}; \
     raise the version to rebuild it, or choose another name"
)]
pub struct ShapeError {
    /// The name.
    pub name: SubscriptionName,
    /// What the program declares.
    pub declared: String,
    /// What the store knows.
    pub stored: String,
}

/// What a loop says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SubscriptionState {
    /// It waits for its turn: another owner holds the lease, or nobody has run it yet.
    #[default]
    Waiting,
    /// It handles what happened before.
    CatchingUp,
    /// It has handled everything and waits for more.
    Live,
    /// It was told to pause.
    Paused,
    /// Something keeps failing; it tries again after a pause.
    Retrying,
    /// It gave up, as its policy says.
    Failed,
    /// It was stopped.
    Stopped,
}

impl SubscriptionState {
    /// Every state, in the order of their [numbers](Self::number).
    pub const ALL: [Self; 7] = [
        Self::Waiting,
        Self::CatchingUp,
        Self::Live,
        Self::Paused,
        Self::Retrying,
        Self::Failed,
        Self::Stopped,
    ];

    /// The stable number written to storage.
    pub fn number(self) -> u8 {
        match self {
            Self::Waiting => 0,
            Self::CatchingUp => 1,
            Self::Live => 2,
            Self::Paused => 3,
            Self::Retrying => 4,
            Self::Failed => 5,
            Self::Stopped => 6,
        }
    }

    /// The state with this number, if there is one.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// The stable name shown to people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::CatchingUp => "catching up",
            Self::Live => "live",
            Self::Paused => "paused",
            Self::Retrying => "retrying",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
        }
    }
}

impl std::fmt::Display for SubscriptionState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a loop reports when it renews its lease.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SubscriptionReport {
    /// What it does.
    pub state: SubscriptionState,
    /// Why, where there is a reason to tell; cut at
    /// [`CAUSE_BYTES_MAX`](crate::limits::CAUSE_BYTES_MAX).
    pub reason: Option<String>,
    /// The head of the log that it reads, as it last saw it.
    pub head: Position,
}

/// An order to stand still.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// Why; may be empty.
    pub reason: String,
    /// Since when, by the store's clock.
    pub at: Timestamp,
}

/// An order to rebuild, until it is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rebuild {
    /// Exclusive: where it starts.
    pub after: Position,
    /// Since when, by the store's clock: when it was ordered, or, without an order, begun.
    pub requested_at: Timestamp,
    /// Once the view was reset: the head at that moment. The rebuild is done when the checkpoint
    /// gets there.
    pub target: Option<Position>,
}

/// What is stored of a subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Whose events it reads; `None` for all tenants'.
    pub tenant: Option<TenantId>,
    /// Its name.
    pub name: SubscriptionName,
    /// What kind of reader it is.
    pub kind: SubscriptionKind,
    /// The version whose view is stored.
    pub version: u32,
    /// What it reads.
    pub shape: String,
    /// The checkpoint: everything at or below it was handled, set aside or skipped.
    pub position: Position,
    /// The last event that was handled: shows whether the log is still the one that was read.
    pub last: Option<HandledEvent>,
    /// The number of the last lease of this name; each one is higher than the one before.
    pub epoch: Epoch,
    /// Who holds the lease.
    pub owner: Option<OwnerId>,
    /// Rises each time the lease is renewed.
    pub beat: u64,
    /// When the lease was last granted or renewed, by the store's clock.
    pub beat_at: Option<Timestamp>,
    /// What the owner last reported.
    pub report: SubscriptionReport,
    /// The order to stand still, if there is one.
    pub paused: Option<Pause>,
    /// The rebuild that was ordered or goes on, if there is one.
    pub rebuild: Option<Rebuild>,
    /// How many keys stand still behind a failed event.
    pub parked_keys: u64,
    /// How many events stand behind those that failed.
    pub waiting_events: u64,
    /// How many events failed and are set aside, those that block their key included.
    pub dead_letters: u64,
    /// Rises with each order: a loop that sees another number than before looks what it is.
    pub instructions: u64,
    /// When the checkpoint last moved, by the store's clock.
    pub updated_at: Timestamp,
}

impl Progress {
    /// What is stored of a subscription that was just made known; for stores.
    pub fn new(tenant: Option<TenantId>, registration: Registration, now: Timestamp) -> Self {
        let Registration { name, kind, version, shape, start } = registration;
        Self {
            tenant,
            name,
            kind,
            version,
            shape,
            position: start,
            last: None,
            epoch: Epoch::default(),
            owner: None,
            beat: 0,
            beat_at: None,
            report: SubscriptionReport::default(),
            paused: None,
            rebuild: None,
            parked_keys: 0,
            waiting_events: 0,
            dead_letters: 0,
            instructions: 0,
            updated_at: now,
        }
    }

    /// Whether a program that declares `declared` may run this subscription.
    ///
    /// # Errors
    ///
    /// [`ShapeError`] if the stored one is newer, or of the same version and reads something else.
    pub fn fit(&self, declared: &Registration) -> Result<RegistrationFit, ShapeError> {
        if self.kind == declared.kind && declared.version > self.version {
            return Ok(RegistrationFit::Newer);
        }
        let same = (self.kind, self.version, &self.shape)
            == (declared.kind, declared.version, &declared.shape);
        if same {
            return Ok(RegistrationFit::Same);
        }
        let shown = |kind, version, shape| format!("{kind} of version {version} reading {shape}");
        Err(ShapeError {
            name: self.name.clone(),
            declared: shown(declared.kind, declared.version, &declared.shape),
            stored: shown(self.kind, self.version, &self.shape),
        })
    }

    /// Whether the order to pause, if there is one, has taken effect: whoever runs it has reported that it
    /// stands still, which it does before it tells so and until it has told otherwise; or nobody runs it.
    pub fn is_paused(&self) -> bool {
        let stands = self.owner.is_none() || self.report.state == SubscriptionState::Paused;
        self.paused.is_some() && stands
    }

    /// Whether the orders to pause, to go on and to rebuild have taken effect, as far as whoever runs it has
    /// reported; what was ordered while nobody runs it has not. Of replays and discards, what is
    /// [due](crate::DeadLetter::due) tells.
    pub fn is_followed(&self) -> bool {
        let paused = self.report.state == SubscriptionState::Paused;
        let rebuilt = self.rebuild.as_ref().is_none_or(|it| it.target.is_some());
        self.owner.is_some() && rebuilt && self.paused.is_some() == paused
    }

    /// How many events of the log lie between the checkpoint and `head`.
    pub fn lag(&self, head: Position) -> u64 {
        head.get().saturating_sub(self.position.get())
    }
}
