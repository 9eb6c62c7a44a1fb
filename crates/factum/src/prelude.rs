//! What most programs use: `use factum::prelude::*;`.

pub use factum_core::{
    AppendError, AppendRequest, Appended, Category, CausationId, Claim, ClaimChange, Codec,
    Command, CommandId, Conflict, CorrelationId, EventId, EventStore, EventStoreExt, EventType,
    Expected, IdSource, LogRead, Maintenance, MemoryStore, Metadata, NewEvent, Position, Principal,
    Query, QueryItem, RandomIds, RecordedEvent, Revision, SharedStore, Store, StoreError,
    StoreErrorKind, StreamAdmin, StreamId, StreamRead, Tag, Tags, TenantId, TenantScope, Timestamp,
};
#[cfg(feature = "sqlite")]
pub use factum_sqlite::{SqliteStore, SqliteStoreConfig};

pub use crate::{StoreUrl, connect};
