//! Whatever else is done with events: what a user writes, and the same without its type.

use std::fmt::Debug;
use std::sync::Arc;

use futures::future::BoxFuture;
use smallvec::SmallVec;

use super::reads::adjusted_reads;
use super::{EventFailure, HandlerError, Reads, Routes, RoutesError};
use crate::{Event, Query, RecordedEvent, Registry, SubscriptionKind};

/// Does something with events: fills a search index, calls another service, sends mail.
///
/// Each event comes at least once, in the order of its key. It comes again after a crash between
/// what was done and the checkpoint, always with the same [`RecordedEvent::id`], by which the other
/// side can tell.
pub trait Subscriber: Sized + Send + Sync + 'static {
    /// Its name, unless it is given another when it is started.
    const NAME: &'static str;

    /// 1-based; raise it when it reads other events than before.
    const VERSION: u32 = 1;

    /// Says which events it takes: one [`Receive`] for each.
    fn handlers(on: SubscriberHandlers<Self>) -> SubscriberHandlers<Self>;
}

/// What a subscriber does with the events of one type: a struct, an enum or a union.
pub trait Receive<E: Event>: Subscriber {
    /// Handles the event. Events of other keys may be handled at the same time.
    fn receive(
        &self,
        event: E,
        recorded: &RecordedEvent,
    ) -> impl Future<Output = Result<(), HandlerError>> + Send;
}

type Handle<S> =
    for<'t> fn(&'t S, &'t Registry, &'t RecordedEvent) -> BoxFuture<'t, Result<(), EventFailure>>;

/// Collects what a subscriber takes.
#[derive(Debug)]
pub struct SubscriberHandlers<S> {
    routes: Result<Routes<Handle<S>>, RoutesError>,
}

impl<S: Subscriber> SubscriberHandlers<S> {
    /// Takes the events of `E`.
    #[must_use]
    pub fn events<E: Event>(mut self) -> Self
    where
        S: Receive<E>,
    {
        let handle: Handle<S> = |it, registry, event| Box::pin(receive(it, registry, event));
        self.routes = self.routes.and_then(|routes| routes.route::<E>(handle));
        self
    }
}

async fn receive<E: Event, S: Receive<E>>(
    subscriber: &S,
    registry: &Registry,
    recorded: &RecordedEvent,
) -> Result<(), EventFailure> {
    let mut events: SmallVec<[E; 1]> = SmallVec::new();
    registry.decode(recorded, |event| events.push(event))?;
    for event in events {
        subscriber.receive(event, recorded).await?;
    }
    Ok(())
}

/// What a subscriber does, without its type.
trait Erased: Send + Sync {
    fn handle<'t>(&'t self, event: &'t RecordedEvent) -> BoxFuture<'t, Result<(), EventFailure>>;
}

struct Typed<S> {
    subscriber: S,
    routes: Routes<Handle<S>>,
}

impl<S: Subscriber> Erased for Typed<S> {
    fn handle<'t>(&'t self, event: &'t RecordedEvent) -> BoxFuture<'t, Result<(), EventFailure>> {
        Box::pin(async move {
            for handler in self.routes.find(event) {
                handler(&self.subscriber, self.routes.registry(), event).await?;
            }
            Ok(())
        })
    }
}

/// Takes events as they are stored.
struct Raw<F>(F);

impl<F, R> Erased for Raw<F>
where
    F: Fn(RecordedEvent) -> R + Send + Sync,
    R: Future<Output = Result<(), HandlerError>> + Send + 'static,
{
    fn handle<'t>(&'t self, event: &'t RecordedEvent) -> BoxFuture<'t, Result<(), EventFailure>> {
        // Called in there, so that a panic is that of the event.
        Box::pin(async move { Ok((self.0)(event.clone()).await?) })
    }
}

/// A subscriber as it is started: its name, what it reads, and what it does. Clones share it.
#[derive(Clone)]
pub struct EventSubscriber {
    reads: Reads,
    erased: Arc<dyn Erased>,
}

impl EventSubscriber {
    /// Puts the subscriber together.
    ///
    /// # Errors
    ///
    /// A [`RoutesError`] if its handlers do not fit together.
    ///
    /// # Panics
    ///
    /// If [`Subscriber::NAME`] is no [`SubscriptionName`](crate::SubscriptionName).
    pub fn new<S: Subscriber>(subscriber: S) -> Result<Self, RoutesError> {
        let routes = S::handlers(SubscriberHandlers { routes: Ok(Routes::default()) }).routes?;
        if routes.is_empty() {
            return Err(RoutesError::NoHandler);
        }
        let kind = SubscriptionKind::Subscription;
        let reads = Reads::handled(S::NAME, kind, S::VERSION, &routes);
        Ok(Self { reads, erased: Arc::new(Typed { subscriber, routes }) })
    }

    /// Hands every event of `query` to `receive` as it is stored: not upcast, not decoded.
    ///
    /// # Panics
    ///
    /// If `name` is no [`SubscriptionName`](crate::SubscriptionName).
    pub fn raw<R>(
        name: &str,
        query: &Query,
        receive: impl Fn(RecordedEvent) -> R + Send + Sync + 'static,
    ) -> Self
    where
        R: Future<Output = Result<(), HandlerError>> + Send + 'static,
    {
        let kind = SubscriptionKind::Subscription;
        let reads = Reads::new(name, kind, 1, query.clone());
        Self { reads, erased: Arc::new(Raw(receive)) }
    }

    adjusted_reads!("subscriber");

    /// Declares another version than 1, or than [`Subscriber::VERSION`]: 1-based, to be raised when it
    /// reads other events than before.
    #[must_use]
    pub fn versioned(mut self, version: u32) -> Self {
        self.reads.set_version(version);
        self
    }

    /// Handles one event.
    ///
    /// # Errors
    ///
    /// An [`EventFailure`]; a part of it may have been done.
    pub fn handle<'t>(
        &'t self,
        event: &'t RecordedEvent,
    ) -> BoxFuture<'t, Result<(), EventFailure>> {
        self.erased.handle(event)
    }
}

impl Debug for EventSubscriber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventSubscriber").field("reads", &self.reads).finish_non_exhaustive()
    }
}
