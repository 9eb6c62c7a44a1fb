//! The storage contract.
//!
//! [`EventStore`] is what a backend implements: few methods, no defaults, object safe.
//! [`EventStoreExt`] is what callers use beside it: conveniences, implemented once.
//! The prose on each method is normative; the testkit holds a conformance case per sentence.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};

use crate::{
    AppendError, AppendRequest, Appended, Capabilities, CheckpointStore, Command, CommandDigest,
    CommandId, CommandReuse, CommandTarget, DeadLetters, HeadWatch, LeaseStore, LogRead,
    Maintenance, Page, Position, RecordedEvent, Refusal, SnapshotStore, StoreError, StreamAdmin,
    StreamRead, TenantId, TenantScope, ViewStore,
};

/// The pages of a read: owns what it needs, ends after the last page or after the first error.
pub type PageStream = BoxStream<'static, Result<Page, StoreError>>;

/// A store with every port, shared.
pub type SharedStore = Arc<dyn Store>;

/// Everything a complete backend offers. Implemented by whatever implements its parts.
pub trait Store:
    EventStore
    + StreamAdmin
    + SnapshotStore
    + CheckpointStore
    + LeaseStore
    + DeadLetters
    + ViewStore
    + Maintenance
{
}

impl<S> Store for S where
    S: EventStore
        + StreamAdmin
        + SnapshotStore
        + CheckpointStore
        + LeaseStore
        + DeadLetters
        + ViewStore
        + Maintenance
        + ?Sized
{
}

/// An append-only log of events, grouped into streams.
///
/// A handle sees one tenant's data, or all of it; handles of one store share one log. Dropping the
/// last handle releases the backend's resources and never loses an acknowledged event.
#[async_trait] // One boxed future per call, beside a disk flush; it buys `Arc<dyn EventStore>`.
pub trait EventStore: Debug + Send + Sync + 'static {
    /// States which optional parts of the contract this store honours.
    fn capabilities(&self) -> Capabilities;

    /// Whose data this handle sees.
    fn scope(&self) -> &TenantScope;

    /// A handle on the same log that sees `tenant` only.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::StoreErrorKind::Invalid) if this handle belongs to another tenant: a
    /// wall cannot be climbed from inside.
    fn for_tenant(&self, tenant: &TenantId) -> Result<SharedStore, StoreError>;

    /// Appends events to one or several streams, whole or not at all.
    ///
    /// Without events and without a command, the guards alone are judged: nothing is stored, and
    /// the answer says at which head they held. It costs no flush.
    ///
    /// The request is judged in this order: limits ([`AppendRequest::check`]), then the command id
    /// (a known one gives its first answer, whatever the rest says), then deleted streams, then
    /// guards, then claims. It is judged against everything stored before it. Once the future
    /// resolves, every read that starts later sees the events, and they are as durable as
    /// [`Capabilities::durable`] says. One request's failure never fails another's.
    ///
    /// # Ordering
    ///
    /// The events take consecutive [`Position`]s in the order of the request, and consecutive
    /// [`Revision`](crate::Revision)s within each stream. Once a reader has seen position `p`,
    /// nothing will ever appear at or below `p`.
    ///
    /// # Idempotence
    ///
    /// With a command id, a repetition returns the first [`Appended`] and outcome with `repeated`
    /// set, and stores nothing: concurrently, after a restart, and for a command that stored no
    /// events. The same id is refused as [`Refusal::CommandReused`] on another target, and with
    /// another [`Command::digest`] where both have one. An expired command is forgotten.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: a dropped future leaves the outcome unknown. Retry with the same command.
    ///
    /// # Errors
    ///
    /// - [`AppendError::Conflict`]: a guard or a claim does not hold; nothing is stored.
    /// - [`AppendError::Refused`]: the request can never be stored; nothing is stored.
    /// - [`AppendError::Store`]: nothing is stored, except that after
    ///   [`OutcomeUnknown`](crate::StoreErrorKind::OutcomeUnknown) all of it may be.
    async fn append(&self, request: AppendRequest) -> Result<Appended, AppendError>;

    /// The stored answer of a command, or `None` if it is unknown or expired.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::StoreErrorKind::Invalid) on a handle of all tenants.
    async fn recall(&self, command: &CommandId) -> Result<Option<Recalled>, StoreError>;

    /// Reads matching events above [`LogRead::after`], oldest or newest first, then ends.
    ///
    /// The read sees the log as it is when the first page is asked for: up to
    /// [`LogRead::through`] or the head of that moment, whichever is lower. Filters run before
    /// the limit. Unless the limit was reached, the last page's [`Page::through`] says that all
    /// was looked at, forward up to that end, backward down to `after`; even a read that matches
    /// nothing delivers one page that says how far it looked. Events of tombstoned and truncated
    /// streams are included: the log itself never changes.
    ///
    /// # Errors
    ///
    /// The first error ends the read. Events delivered before it are right.
    fn read(&self, request: LogRead) -> PageStream;

    /// Reads one stream in revision order, forward or backward, then ends.
    ///
    /// A stream without events reads as empty. Revisions before a truncation are left out; a read that
    /// has begun goes on as it began, so that a truncation between two pages leaves no gap.
    ///
    /// # Errors
    ///
    /// - [`StreamDeleted`](crate::StoreErrorKind::StreamDeleted) if the stream was tombstoned.
    /// - [`Invalid`](crate::StoreErrorKind::Invalid) on a handle of all tenants.
    ///
    /// The first error ends the read. Events delivered before it are right.
    fn read_stream(&self, request: StreamRead) -> PageStream;

    /// The position of the newest event of the whole log, [`Position::START`] if there is none.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] if the store cannot be read.
    async fn head(&self) -> Result<Position, StoreError>;

    /// A watch that wakes when the head moves; see [`HeadWatch`].
    fn watch(&self) -> HeadWatch;
}

/// A command's stored answer, with what it was addressed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recalled {
    /// What the command was first used on.
    pub target: CommandTarget,
    /// The digest that it came with, if it had one.
    pub digest: Option<CommandDigest>,
    /// Its first answer, marked as repeated.
    pub appended: Appended,
}

impl Recalled {
    /// The answer to a repetition of this command.
    ///
    /// # Errors
    ///
    /// [`Refusal::CommandReused`] if `again` is addressed to something else, or if both have a
    /// digest and these differ.
    pub fn answer(self, again: &Command) -> Result<Appended, AppendError> {
        let reuse = if self.target != again.target {
            CommandReuse::Target { first: self.target, found: again.target.clone() }
        } else if let (Some(first), Some(found)) = (self.digest, again.digest)
            && first != found
        {
            CommandReuse::Content { target: self.target }
        } else {
            return Ok(self.appended);
        };
        Err(Refusal::CommandReused { id: again.id.clone(), reuse }.into())
    }
}

/// Conveniences over an [`EventStore`].
#[async_trait]
pub trait EventStoreExt: EventStore {
    /// The events of a read, one by one.
    fn events(&self, request: LogRead) -> BoxStream<'static, Result<RecordedEvent, StoreError>> {
        flatten(self.read(request))
    }

    /// The events of a stream, one by one.
    fn stream_events(
        &self,
        request: StreamRead,
    ) -> BoxStream<'static, Result<RecordedEvent, StoreError>> {
        flatten(self.read_stream(request))
    }

    /// All events of a read at once; mind the memory.
    ///
    /// # Errors
    ///
    /// The first error of the read.
    async fn collect(&self, request: LogRead) -> Result<Vec<RecordedEvent>, StoreError> {
        self.events(request).try_collect().await
    }

    /// All events of a stream at once; mind the memory.
    ///
    /// # Errors
    ///
    /// The first error of the read.
    async fn collect_stream(&self, request: StreamRead) -> Result<Vec<RecordedEvent>, StoreError> {
        self.stream_events(request).try_collect().await
    }
}

impl<S: EventStore + ?Sized> EventStoreExt for S {}

fn flatten(pages: PageStream) -> BoxStream<'static, Result<RecordedEvent, StoreError>> {
    let events = |page: Page| futures::stream::iter(page.events.into_iter().map(Ok));
    pages.map_ok(events).try_flatten().boxed()
}
