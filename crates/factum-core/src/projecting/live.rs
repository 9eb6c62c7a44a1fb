//! Views in memory: a value that is kept in step with the log.

use std::fmt::Debug;

use smallvec::SmallVec;

use super::reads::adjusted_reads;
use super::{EventFailure, Reads, Routes, RoutesError};
use crate::{Event, RecordedEvent, Registry, SubscriptionKind};

/// A value in memory that is kept in step with the log, from its [`Default`] on.
///
/// `Clone` is needed only where somebody holds on to a copy while more happens.
pub trait LiveView: Default + Clone + Send + Sync + 'static {
    /// Its name, unless it is given another when it is started.
    const NAME: &'static str;

    /// Says which events it takes: one [`Fold`] for each.
    fn handlers(on: LiveHandlers<Self>) -> LiveHandlers<Self>;
}

/// What a live view makes of the events of one type: a struct, an enum or a union.
pub trait Fold<E: Event>: LiveView {
    /// Takes the event in. Pure and total: what it does depends on the view and the event alone.
    fn fold(&mut self, event: E, recorded: &RecordedEvent);
}

/// Takes an event into a view.
type Take<V> = fn(&mut V, &Registry, &RecordedEvent) -> Result<(), EventFailure>;

/// Collects what a live view takes.
#[derive(Debug)]
pub struct LiveHandlers<V> {
    routes: Result<Routes<Take<V>>, RoutesError>,
}

impl<V: LiveView> LiveHandlers<V> {
    /// Takes the events of `E`.
    #[must_use]
    pub fn events<E: Event>(mut self) -> Self
    where
        V: Fold<E>,
    {
        let take: Take<V> = |view, registry, recorded| {
            let mut events: SmallVec<[E; 1]> = SmallVec::new();
            registry.decode(recorded, |event| events.push(event))?;
            // Only now, so that of one that stands for several none is taken in if one is bad.
            events.into_iter().for_each(|event| view.fold(event, recorded));
            Ok(())
        };
        self.routes = self.routes.and_then(|routes| routes.route::<E>(take));
        self
    }
}

/// A live view as it is started: its name, what it reads, and what it makes of it.
#[derive(Debug)]
pub struct LiveProjection<V> {
    reads: Reads,
    routes: Routes<Take<V>>,
}

impl<V: LiveView> LiveProjection<V> {
    /// Puts the view together.
    ///
    /// # Errors
    ///
    /// A [`RoutesError`] if its handlers do not fit together.
    ///
    /// # Panics
    ///
    /// If [`LiveView::NAME`] is no [`SubscriptionName`](crate::SubscriptionName).
    pub fn new() -> Result<Self, RoutesError> {
        let routes = V::handlers(LiveHandlers { routes: Ok(Routes::default()) }).routes?;
        if routes.is_empty() {
            return Err(RoutesError::NoHandler);
        }
        let reads = Reads::handled(V::NAME, SubscriptionKind::Projection, 1, &routes);
        Ok(Self { reads, routes })
    }

    adjusted_reads!("view");

    /// Takes one event into `view`.
    ///
    /// # Errors
    ///
    /// An [`EventFailure`] if it cannot be decoded; the view is then as it was.
    pub fn take(&self, view: &mut V, event: &RecordedEvent) -> Result<(), EventFailure> {
        let registry = self.routes.registry();
        self.routes.find(event).try_for_each(|take| take(view, registry, event))
    }
}
