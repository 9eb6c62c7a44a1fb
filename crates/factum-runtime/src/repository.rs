//! Aggregates in a store, one stream each.

use std::num::NonZeroUsize;
use std::sync::Arc;

use factum_core::{
    Aggregate, Clock, Context, Handle, IdSource, InvalidName, Recorded, Registry, RegistryError,
    SharedStore, StoreError, StreamId,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::cache::Cache;
use crate::load::{Loader, Until};
use crate::settings::{Place, Settings};
use crate::snapshots::SnapshotSettings;
use crate::{ExecuteError, Executed, LoadError, Loaded, Options, Retry, Snapshots};

/// Loads aggregates from their streams and executes commands on them.
///
/// Cheap to clone; clones share what they keep.
///
/// # Examples
///
/// ```
/// use factum_core::{Decider, MemoryStore, Revision};
/// use factum_derive::Event;
/// use factum_runtime::Repository;
/// use serde::{Deserialize, Serialize};
/// use std::sync::Arc;
///
/// #[derive(Event, Serialize, Deserialize, Debug, PartialEq)]
/// #[factum(crate = "factum_core")] // Not needed with the crate `factum`.
/// enum CounterEvent { Counted { by: u64 } }
///
/// #[derive(Default)]
/// struct Counter { count: u64 }
///
/// impl Decider for Counter {
///     const CATEGORY: &'static str = "counter";
///     type Command = u64;
///     type Event = CounterEvent;
///     type Error = &'static str;
///
///     fn decide(&self, by: u64) -> Result<Vec<CounterEvent>, &'static str> {
///         if self.count + by > 10 { return Err("ten is enough") }
///         Ok(vec![CounterEvent::Counted { by }])
///     }
///
///     fn evolve(&mut self, event: &CounterEvent) {
///         let CounterEvent::Counted { by } = event;
///         self.count += by;
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let counters = Repository::<Counter>::new(Arc::new(MemoryStore::default()))?;
/// let executed = counters.execute("visitors", 7).await?;
/// assert_eq!((executed.state.count, executed.revision), (7, Some(Revision::FIRST)));
///
/// let refused = counters.execute("visitors", 7).await.expect_err("7 and 7 are more than ten");
/// assert_eq!(refused.rejection(), Some(&"ten is enough"));
/// assert_eq!(counters.load("visitors").await?.state.count, 7);
/// # Ok(())
/// # }
/// ```
pub struct Repository<A: Aggregate> {
    pub(crate) place: Place,
    pub(crate) shared: Arc<Shared<A>>,
    pub(crate) cache: Option<Arc<Cache<A>>>,
}

/// What clones of a repository share.
pub(crate) struct Shared<A> {
    pub(crate) settings: Settings,
    pub(crate) snapshots: Option<Arc<SnapshotSettings<A>>>,
    pub(crate) analytics: bool,
}

impl<A: Aggregate> Repository<A> {
    /// A repository on `store`, which knows the event types of the aggregate.
    ///
    /// # Errors
    ///
    /// A [`RegistryError`] if the event types or their upcasters contradict each other.
    pub fn new(store: SharedStore) -> Result<Self, RegistryError> {
        let settings = Settings::new(Registry::of::<A::Event>()?);
        let shared = Shared { settings, snapshots: None, analytics: false };
        Ok(Self { place: Place::new(store), shared: Arc::new(shared), cache: None })
    }

    /// Reads events by `registry`, which may know more upcasters, other contexts, and what to do
    /// with unknown types.
    #[must_use]
    pub fn with_registry(self, registry: Registry) -> Self {
        self.with(|shared| shared.settings.registry = Arc::new(registry))
    }

    /// Tries again as often as said; see [`Retry`].
    #[must_use]
    pub fn with_retry(self, retry: Retry) -> Self {
        self.with(|shared| shared.settings.retry = retry)
    }

    /// Takes event ids from `ids`.
    #[must_use]
    pub fn with_ids(self, ids: Arc<dyn IdSource>) -> Self {
        self.with(|shared| shared.settings.ids = ids)
    }

    /// Takes the time of snapshots from `clock`; events get the store's time.
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        self.with(|shared| shared.settings.clock = clock)
    }

    /// Stores keyed hashes of unique values instead of the values; see
    /// [`Claim::hashed`](factum_core::Claim::hashed).
    #[must_use]
    pub fn with_claim_key(self, key: [u8; 32]) -> Self {
        self.with(|shared| shared.settings.claim_key = Some(key))
    }

    /// Takes snapshots as the policy says, and begins with them.
    ///
    /// # Errors
    ///
    /// [`InvalidName`] if the aggregate's category is none.
    pub fn with_snapshots(self, policy: Snapshots) -> Result<Self, InvalidName>
    where
        A: Serialize + DeserializeOwned,
    {
        let snapshots = Arc::new(SnapshotSettings::new(policy)?);
        Ok(self.with(|shared| shared.snapshots = Some(snapshots)))
    }

    /// Counts each entity's events along with its state.
    #[must_use]
    pub fn with_analytics(self) -> Self {
        self.with(|shared| shared.analytics = true)
    }

    /// Keeps up to `entries_max` states, the ones used last, between commands.
    ///
    /// A kept state that turns out to be behind the log is brought forward before a command is
    /// rejected on account of it, and before an append; so keeping states changes no answer.
    #[must_use]
    pub fn with_cache(mut self, entries_max: NonZeroUsize) -> Self
    where
        A: Clone,
    {
        let scope = self.place.store.scope().clone();
        self.cache = Some(Arc::new(Cache::new(entries_max, scope, A::clone)));
        self
    }

    /// This repository, acting for whom and for what the context says.
    ///
    /// # Errors
    ///
    /// [`Invalid`](factum_core::StoreErrorKind::Invalid) if the context's tenant is not one that
    /// the store's handle may see.
    pub fn in_context(&self, context: Context) -> Result<Self, StoreError> {
        let place = self.place.in_context(context)?;
        let cache = self.cache.as_ref().map(|it| it.for_scope(place.store.scope()));
        Ok(Self { place, shared: Arc::clone(&self.shared), cache })
    }

    /// The store it works on.
    pub fn store(&self) -> &SharedStore {
        &self.place.store
    }

    /// The name of an entity's stream.
    ///
    /// # Errors
    ///
    /// [`InvalidName`] if `id` cannot be part of one.
    pub fn stream(&self, id: impl AsRef<str>) -> Result<StreamId, InvalidName> {
        StreamId::new(A::CATEGORY, id.as_ref())
    }

    /// The state of an entity as the log has it; the initial state if it has no events.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only reads.
    ///
    /// # Errors
    ///
    /// A [`LoadError`]: the id is no name, an event cannot be read, or the store failed.
    pub async fn load(&self, id: impl AsRef<str>) -> Result<Loaded<A>, LoadError> {
        let stream = self.stream(id)?;
        self.loader().load(&stream, Until::End).await
    }

    /// Executes a command on an entity: loads it, decides, and appends what was decided if the
    /// stream is still where it was. If it is not, it does so again, on the fresh state.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: a dropped future leaves open whether the events are stored. Execute with
    /// a [command id](Options::command_id) to be able to ask again.
    ///
    /// # Errors
    ///
    /// An [`ExecuteError`]. Nothing is stored, except that after
    /// [`OutcomeUnknown`](factum_core::StoreErrorKind::OutcomeUnknown) all of it may be.
    pub async fn execute<C>(
        &self,
        id: impl AsRef<str>,
        command: C,
    ) -> Result<Executed<A>, ExecuteError<A::Error>>
    where
        A: Handle<C>,
        C: Clone,
    {
        self.execute_with(id, command, Options::default()).await
    }

    /// As [`Repository::execute`], with a command id, an expected revision, claims or metadata.
    ///
    /// With a command id, a repetition gives the first answer, and the command is not decided
    /// again, whatever the state says by then. A rejected command is not remembered.
    ///
    /// # Cancel safety
    ///
    /// As [`Repository::execute`].
    ///
    /// # Errors
    ///
    /// As [`Repository::execute`].
    pub async fn execute_with<C>(
        &self,
        id: impl AsRef<str>,
        command: C,
        options: Options,
    ) -> Result<Executed<A>, ExecuteError<A::Error>>
    where
        A: Handle<C>,
        C: Clone,
    {
        self.update_with(id, move |unit| unit.execute(command.clone()), options).await
    }

    /// Runs a unit of work on an entity that records and applies; see [`Recorded`].
    ///
    /// It may run more than once, on the fresh state each time: after a conflict, and where a kept
    /// state turned out to be behind.
    ///
    /// # Cancel safety
    ///
    /// As [`Repository::execute`].
    ///
    /// # Errors
    ///
    /// As [`Repository::execute`].
    pub async fn update(
        &self,
        id: impl AsRef<str>,
        work: impl FnMut(&mut Recorded<A>) -> Result<(), A::Error>,
    ) -> Result<Executed<A>, ExecuteError<A::Error>> {
        self.update_with(id, work, Options::default()).await
    }

    /// As [`Repository::update`], with a command id, an expected revision, claims or metadata.
    ///
    /// # Cancel safety
    ///
    /// As [`Repository::execute`].
    ///
    /// # Errors
    ///
    /// As [`Repository::execute`].
    pub async fn update_with(
        &self,
        id: impl AsRef<str>,
        work: impl FnMut(&mut Recorded<A>) -> Result<(), A::Error>,
        options: Options,
    ) -> Result<Executed<A>, ExecuteError<A::Error>> {
        crate::execute::execute(self, id.as_ref(), work, &options).await
    }

    /// Waits until every snapshot that was due so far is written; for tests and shutdown.
    pub async fn snapshots_settled(&self) {
        if let Some(snapshots) = &self.shared.snapshots {
            snapshots.writer.settled().await;
        }
    }

    pub(crate) fn loader(&self) -> Loader<'_, A> {
        Loader {
            store: &self.place.store,
            registry: &self.shared.settings.registry,
            snapshots: self.shared.snapshots.as_deref(),
            analytics: self.shared.analytics,
        }
    }

    fn with(mut self, change: impl FnOnce(&mut Shared<A>)) -> Self {
        change(Arc::make_mut(&mut self.shared));
        // States that were kept under other settings are of no use.
        self.cache = self.cache.map(|cache| Arc::new(cache.emptied()));
        self
    }
}

impl<A> Clone for Shared<A> {
    fn clone(&self) -> Self {
        Self {
            settings: self.settings.clone(),
            snapshots: self.snapshots.clone(),
            analytics: self.analytics,
        }
    }
}

impl<A: Aggregate> Clone for Repository<A> {
    fn clone(&self) -> Self {
        Self {
            place: self.place.clone(),
            shared: Arc::clone(&self.shared),
            cache: self.cache.clone(),
        }
    }
}

impl<A: Aggregate> std::fmt::Debug for Repository<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Repository")
            .field("category", &A::CATEGORY)
            .field("place", &self.place)
            .field("settings", &self.shared.settings)
            .field("snapshots", &self.shared.snapshots)
            .finish_non_exhaustive()
    }
}
