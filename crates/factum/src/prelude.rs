//! What most programs use: `use factum::prelude::*;`.

pub use factum_core::{
    Aggregate, AppendError, AppendRequest, Appended, Category, CausationId, Claim, ClaimChange,
    Codec, Command, CommandId, Conflict, Context, CorrelationId, Decider, Decision, DecisionModel,
    Event, EventId, EventSpec, EventStore, EventStoreExt, EventType, Expected, Facts, Handle,
    IdSource, InvalidName, LogRead, Maintenance, MemoryStore, Metadata, NewEvent, Part, Position,
    Principal, Query, QueryItem, RandomIds, RawEvent, Recorded, RecordedEvent, Registry, Revision,
    SharedStore, SnapshotStore, Store, StoreError, StoreErrorKind, StreamAdmin, StreamId,
    StreamRead, Tag, Tags, TenantId, TenantScope, Timestamp, UnknownEvents, Upcasters,
};
pub use factum_derive::Event;
pub use factum_runtime::{
    Analytics, At, Decided, Decisions, ExecuteError, Executed, LoadError, Loaded, Options,
    Repository, Retry, Seed, Seeded, Snapshots,
};
#[cfg(feature = "sqlite")]
pub use factum_sqlite::{SqliteStore, SqliteStoreConfig};

pub use crate::{StoreUrl, connect};
