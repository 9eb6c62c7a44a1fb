//! What can happen to events between a log and whoever takes them.

use factum_core::RecordedEvent;

use super::arrangement::named;

/// One thing that happens while events are handed over. Places count from 0 in the events that are
/// handed over; each thing happens once, however often its event comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Disturbance {
    /// A page ends before this event, and with it the transaction; the checkpoint is stored.
    Cut {
        /// Which event.
        place: usize,
    },
    /// This event is handled without effect on the checkpoint, and then again: undone in a view's
    /// tables, in a copy of a view in memory, for good by a subscriber.
    Again {
        /// Which event.
        place: usize,
    },
    /// Everything since the checkpoint is lost while this event is handled, and comes again. Tables
    /// are rolled back, a view in memory is made anew, a subscriber's future is dropped.
    Crash {
        /// Which event.
        place: usize,
        /// At which statement of a projection or wait of a subscriber, 1-based; right after the
        /// event if there are not so many, or `None`.
        at: Option<u32>,
        /// Whether the process goes down as well, with all that handlers keep in memory.
        restart: bool,
    },
    /// The view is reset after this event and built again from the beginning; not for subscribers.
    Rebuild {
        /// Which event.
        place: usize,
    },
    /// This event comes after some of those that follow it, but never after one of its own key.
    Later {
        /// Which event.
        place: usize,
        /// How many it lets pass, at most.
        by: usize,
    },
    /// This event is handled while the one before is, if that is of another key; subscribers only.
    Overlap {
        /// Which event.
        place: usize,
    },
    /// This event is begun late and goes on late whenever it waits; subscribers only.
    Delay {
        /// Which event.
        place: usize,
        /// How many turns late.
        turns: u32,
    },
}

/// The kinds of disturbances, to choose from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Cut,
    Again,
    Crash,
    Rebuild,
    Later,
    Overlap,
    Delay,
}

impl Kind {
    /// What happens to views, whose events come in the order of the log.
    pub(super) const VIEW: &[Self] = &[Self::Cut, Self::Again, Self::Crash, Self::Rebuild];

    /// What happens to views where a key's events were parked and come later.
    pub(super) const PARKED: &[Self] =
        &[Self::Cut, Self::Again, Self::Crash, Self::Rebuild, Self::Later];

    /// What happens to subscribers that handle events of different keys side by side.
    pub(super) const LANES: &[Self] =
        &[Self::Cut, Self::Again, Self::Crash, Self::Later, Self::Overlap, Self::Delay];

    /// What happens to subscribers that handle one event after the other.
    pub(super) const ONE_LANE: &[Self] = &[Self::Cut, Self::Again, Self::Crash, Self::Delay];
}

impl Disturbance {
    pub(super) fn kind(self) -> Kind {
        match self {
            Self::Cut { .. } => Kind::Cut,
            Self::Again { .. } => Kind::Again,
            Self::Crash { .. } => Kind::Crash,
            Self::Rebuild { .. } => Kind::Rebuild,
            Self::Later { .. } => Kind::Later,
            Self::Overlap { .. } => Kind::Overlap,
            Self::Delay { .. } => Kind::Delay,
        }
    }

    pub(super) fn place(self) -> usize {
        match self {
            Self::Cut { place }
            | Self::Again { place }
            | Self::Crash { place, .. }
            | Self::Rebuild { place }
            | Self::Later { place, .. }
            | Self::Overlap { place }
            | Self::Delay { place, .. } => place,
        }
    }

    /// In words, for those who look for the mistake.
    pub(super) fn told(self, events: &[RecordedEvent]) -> String {
        let event = named(&events[self.place()]);
        match self {
            Self::Cut { .. } => format!("a page ends before {event}"),
            Self::Again { .. } => format!("{event} is handled, and then again"),
            Self::Crash { at, restart, .. } => {
                let when = match at {
                    Some(at) => format!("at statement or wait {at} of {event}"),
                    None => format!("right after {event}"),
                };
                let how = if restart { "the process ends" } else { "the page is lost" };
                format!("{how} {when}, and everything since the checkpoint comes again")
            }
            Self::Rebuild { .. } => format!("the view is rebuilt after {event}"),
            Self::Later { by, .. } => {
                format!("{event} lets up to {by} events of other keys pass")
            }
            Self::Overlap { .. } => format!("{event} is handled together with the one before"),
            Self::Delay { turns, .. } => format!("{event} is {turns} turns late"),
        }
    }
}
