//! Views in tables: what a user writes, and the same without its type.

use std::fmt::Debug;
use std::marker::PhantomData;
use std::sync::Arc;

use futures::future::BoxFuture;
use smallvec::SmallVec;

use super::reads::adjusted_reads;
use super::{EventFailure, HandlerError, Reads, Routes, RoutesError};
use crate::{
    Event, Position, RecordedEvent, Registry, SubscriptionKind, ViewMigration, ViewTransaction,
};

/// Tables that are kept in step with the log: view and checkpoint move in one transaction.
///
/// # Examples
///
/// ```
/// use factum_core::{
///     HandlerError, Position, Project, Projection, ProjectionHandlers, RecordedEvent,
///     ViewMigration, ViewTransaction,
/// };
/// # use factum_core::{codec, Codec, Event, EventSpec, Facts, InvalidName, Upcasters};
/// # pub struct Deposited { amount: u64 }
/// # impl Event for Deposited {
/// #     fn specs() -> Vec<&'static EventSpec> { Self::find("account.deposited").into_iter().collect() }
/// #     fn find(name: &str) -> Option<&'static EventSpec> {
/// #         static SPEC: EventSpec = EventSpec::new("account.deposited", 1, Codec::Json, "Deposited");
/// #         (name == "account.deposited").then_some(&SPEC)
/// #     }
/// #     fn spec(&self) -> &'static EventSpec { Self::find("account.deposited").unwrap() }
/// #     fn encode(&self, _: &mut Vec<u8>) -> Result<(), codec::EncodeError> { Ok(()) }
/// #     fn decode(_: &str, _: codec::Payload<'_>) -> Result<Self, codec::DecodeError> { Ok(Self { amount: 1 }) }
/// #     fn facts(&self, _: &mut Facts) -> Result<(), InvalidName> { Ok(()) }
/// #     fn upcasters() -> Upcasters { Upcasters::default() }
/// # }
///
/// struct Balances;
///
/// impl Projection for Balances {
///     const NAME: &'static str = "balances";
///     const MIGRATIONS: &'static [ViewMigration] = &[ViewMigration::new(
///         "balances",
///         "CREATE TABLE balances (account TEXT PRIMARY KEY, amount BIGINT NOT NULL)",
///     )];
///
///     fn handlers(on: ProjectionHandlers<Self>) -> ProjectionHandlers<Self> {
///         on.events::<Deposited>() // and those of other contexts
///     }
///
///     async fn reset(&self, _: Position, view: &mut dyn ViewTransaction) -> Result<(), HandlerError> {
///         Ok(view.run("DELETE FROM balances", &[]).await?)
///     }
/// }
///
/// impl Project<Deposited> for Balances {
///     async fn project(
///         &self,
///         event: Deposited,
///         recorded: &RecordedEvent,
///         view: &mut dyn ViewTransaction,
///     ) -> Result<(), HandlerError> {
///         let add = "INSERT INTO balances (account, amount) VALUES ($1, $2) \
///                    ON CONFLICT (account) DO UPDATE SET amount = balances.amount + excluded.amount";
///         Ok(view.run(add, &[recorded.stream.id().into(), event.amount.into()]).await?)
///     }
/// }
/// ```
pub trait Projection: Sized + Send + Sync + 'static {
    /// Its name, unless it is given another when it is started.
    const NAME: &'static str;

    /// 1-based; raise it when the same events are to make another view: the view is then rebuilt.
    const VERSION: u32 = 1;

    /// The changes of its tables, in order. Those that were made are never edited.
    const MIGRATIONS: &'static [ViewMigration] = &[];

    /// Says which events it takes: one [`Project`] for each.
    fn handlers(on: ProjectionHandlers<Self>) -> ProjectionHandlers<Self>;

    /// Makes the view what it is before any event after `after`: empty, if that is the start.
    fn reset(
        &self,
        after: Position,
        view: &mut dyn ViewTransaction,
    ) -> impl Future<Output = Result<(), HandlerError>> + Send;

    /// Runs after a transaction of the view is committed, and once when the loop starts: the view
    /// now holds every event up to `checkpoint`, except those that are parked.
    ///
    /// For what must not run inside a transaction: to drop a cache, to wake a page that waits. The
    /// loop waits for it before the next page. A crash between the commit and this call skips the
    /// call; the next one has the same checkpoint or a later one. After a rebuild began, the
    /// checkpoint is lower than before. Nothing is stored of what it does, and a panic in it is
    /// logged and changes nothing.
    fn committed(&self, checkpoint: Position) -> impl Future<Output = ()> + Send {
        let _ = checkpoint;
        std::future::ready(())
    }
}

/// What a projection makes of the events of one type: a struct, an enum or a union.
pub trait Project<E: Event>: Projection {
    /// Changes the view. It may run more than once for an event, but only one run is kept. It awaits
    /// nothing but the transaction.
    fn project(
        &self,
        event: E,
        recorded: &RecordedEvent,
        view: &mut dyn ViewTransaction,
    ) -> impl Future<Output = Result<(), HandlerError>> + Send;
}

/// Collects what a projection takes.
#[derive(Debug)]
pub struct ProjectionHandlers<P> {
    routes: Result<Routes<TypedHandler<P>>, RoutesError>,
}

impl<P: Projection> ProjectionHandlers<P> {
    /// Takes the events of `E`.
    #[must_use]
    pub fn events<E: Event>(mut self) -> Self
    where
        P: Project<E>,
    {
        self.routes = self.routes.and_then(|routes| routes.route::<E>(TypedHandler::of::<E>()));
        self
    }
}

type Handle<P> = for<'t> fn(
    &'t P,
    &'t Registry,
    &'t RecordedEvent,
    &'t mut dyn ViewTransaction,
) -> BoxFuture<'t, Result<(), EventFailure>>;

/// The handler of one type of event, as a function.
struct TypedHandler<P> {
    handle: Handle<P>,
    of: PhantomData<fn(P)>,
}

impl<P: Projection> TypedHandler<P> {
    fn of<E: Event>() -> Self
    where
        P: Project<E>,
    {
        Self {
            handle: |it, registry, event, view| Box::pin(project(it, registry, event, view)),
            of: PhantomData,
        }
    }
}

impl<P> Debug for TypedHandler<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TypedHandler")
    }
}

async fn project<E: Event, P: Project<E>>(
    projection: &P,
    registry: &Registry,
    recorded: &RecordedEvent,
    view: &mut dyn ViewTransaction,
) -> Result<(), EventFailure> {
    let mut events: SmallVec<[E; 1]> = SmallVec::new();
    registry.decode(recorded, |event| events.push(event))?;
    for event in events {
        projection.project(event, recorded, view).await?;
    }
    Ok(())
}

/// What a projection does, without its type.
trait Erased: Send + Sync {
    fn handle<'t>(
        &'t self,
        event: &'t RecordedEvent,
        view: &'t mut dyn ViewTransaction,
    ) -> BoxFuture<'t, Result<(), EventFailure>>;

    fn reset<'t>(
        &'t self,
        after: Position,
        view: &'t mut dyn ViewTransaction,
    ) -> BoxFuture<'t, Result<(), HandlerError>>;

    fn committed(&self, checkpoint: Position) -> BoxFuture<'_, ()>;
}

struct Typed<P> {
    projection: P,
    routes: Routes<TypedHandler<P>>,
}

impl<P: Projection> Erased for Typed<P> {
    fn handle<'t>(
        &'t self,
        event: &'t RecordedEvent,
        view: &'t mut dyn ViewTransaction,
    ) -> BoxFuture<'t, Result<(), EventFailure>> {
        let mut handlers = self.routes.find(event);
        let registry = self.routes.registry();
        match (handlers.next(), handlers.next()) {
            (None, _) => Box::pin(std::future::ready(Ok(()))),
            (Some(only), None) => (only.handle)(&self.projection, registry, event, view),
            _ => Box::pin(async move {
                for handler in self.routes.find(event) {
                    (handler.handle)(&self.projection, registry, event, view).await?;
                }
                Ok(())
            }),
        }
    }

    fn reset<'t>(
        &'t self,
        after: Position,
        view: &'t mut dyn ViewTransaction,
    ) -> BoxFuture<'t, Result<(), HandlerError>> {
        Box::pin(self.projection.reset(after, view))
    }

    fn committed(&self, checkpoint: Position) -> BoxFuture<'_, ()> {
        Box::pin(self.projection.committed(checkpoint))
    }
}

/// A projection as it is started: its name, what it reads, and what it does. Clones share it.
#[derive(Clone)]
pub struct ViewProjection {
    reads: Reads,
    migrations: &'static [ViewMigration],
    erased: Arc<dyn Erased>,
}

impl ViewProjection {
    /// Puts the projection together.
    ///
    /// # Errors
    ///
    /// A [`RoutesError`] if its handlers do not fit together.
    ///
    /// # Panics
    ///
    /// If [`Projection::NAME`] is no [`SubscriptionName`](crate::SubscriptionName).
    pub fn new<P: Projection>(projection: P) -> Result<Self, RoutesError> {
        let routes = P::handlers(ProjectionHandlers { routes: Ok(Routes::default()) }).routes?;
        if routes.is_empty() {
            return Err(RoutesError::NoHandler);
        }
        let reads = Reads::handled(P::NAME, SubscriptionKind::Projection, P::VERSION, &routes);
        let erased = Arc::new(Typed { projection, routes });
        Ok(Self { reads, migrations: P::MIGRATIONS, erased })
    }

    adjusted_reads!("projection");

    /// The changes of its tables.
    pub fn migrations(&self) -> &'static [ViewMigration] {
        self.migrations
    }

    /// Handles one event.
    ///
    /// # Errors
    ///
    /// An [`EventFailure`]; a part of it may have been done in the transaction.
    pub fn handle<'t>(
        &'t self,
        event: &'t RecordedEvent,
        view: &'t mut dyn ViewTransaction,
    ) -> BoxFuture<'t, Result<(), EventFailure>> {
        self.erased.handle(event, view)
    }

    /// Makes the view what it is before any event after `after`.
    ///
    /// # Errors
    ///
    /// A [`HandlerError`]; a part of it may have been done in the transaction.
    pub fn reset<'t>(
        &'t self,
        after: Position,
        view: &'t mut dyn ViewTransaction,
    ) -> BoxFuture<'t, Result<(), HandlerError>> {
        self.erased.reset(after, view)
    }

    /// Runs [`Projection::committed`].
    pub fn committed(&self, checkpoint: Position) -> BoxFuture<'_, ()> {
        self.erased.committed(checkpoint)
    }
}

impl Debug for ViewProjection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ViewProjection").field("reads", &self.reads).finish_non_exhaustive()
    }
}
