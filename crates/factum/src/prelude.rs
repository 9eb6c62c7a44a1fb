//! What most programs use: `use factum::prelude::*;`.

pub use factum_core::{
    Aggregate, AppendError, AppendRequest, Appended, Category, CausationId, CheckpointStore, Claim,
    ClaimChange, Codec, Command, CommandId, Conflict, Context, CorrelationId, DeadLetters, Decider,
    Decision, DecisionModel, Event, EventId, EventSpec, EventStore, EventStoreExt, EventSubscriber,
    EventType, Expected, Facts, Fold, Handle, HandlerError, IdSource, InvalidName, LiveHandlers,
    LiveProjection, LiveView, LogRead, Maintenance, MemoryStore, Metadata, NewEvent, Part,
    Position, Principal, Project, Projection, ProjectionHandlers, Query, QueryItem, RandomIds,
    RawEvent, Receive, Recorded, RecordedEvent, Registry, Revision, SharedStore, SnapshotStore,
    SqlRow, SqlValue, Store, StoreError, StoreErrorKind, StreamAdmin, StreamId, StreamPrefix,
    StreamRead, Subscriber, SubscriberHandlers, Tag, Tags, TenantId, TenantScope, Timestamp,
    UnknownEvents, Upcasters, ViewMigration, ViewProjection, ViewStore, ViewTransaction,
};
pub use factum_derive::Event;
pub use factum_runtime::{
    Analytics, At, Decided, Decisions, ExecuteError, Executed, FailurePolicy, Live, LoadError,
    Loaded, OnFailure, Options, Repository, Retry, Runner, Seed, Seeded, Snapshots, StartFrom,
    Stop, Stopper, Subscription, SubscriptionHandle,
};
#[cfg(feature = "sqlite")]
pub use factum_sqlite::{SqliteStore, SqliteStoreConfig};

pub use crate::{StoreUrl, connect};
