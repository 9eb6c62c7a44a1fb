//! The vocabulary and the contracts of Factum: pure data, validation and traits, and the
//! in-memory store that shows what they mean.
//!
//! - What is said: [`NewEvent`], [`RecordedEvent`], [`StreamId`], [`Tag`], [`Claim`], [`Query`].
//! - What is asked: [`AppendRequest`], [`LogRead`], [`StreamRead`].
//! - Who answers: [`EventStore`], [`StreamAdmin`], [`SnapshotStore`], [`Maintenance`], and for what
//!   reads the log [`CheckpointStore`], [`LeaseStore`], [`DeadLetters`], [`ViewStore`]; all of them
//!   are a [`Store`].
//! - What goes wrong: [`AppendError`], [`StoreError`].
//!
//! `after` is exclusive and `from` inclusive, everywhere. Positions count from 1, revisions from 0.

mod admin;
mod append;
mod capabilities;
mod claim;
mod claim_index;
pub mod codec;
mod command_digest;
mod context;
mod digest;
mod domain;
mod error;
mod event;
mod event_type;
pub mod hooks;
mod id;
pub mod jsonl;
pub mod limits;
mod maintenance;
pub mod memory;
mod name;
mod position;
mod projecting;
mod query;
mod read;
mod reading;
mod schema;
mod snapshot;
mod store;
mod stream;
mod stream_filter;
mod tag;
mod tenant;
mod time;
mod watch;

pub use admin::{
    AdminRecord, CategoryInfo, CategoryList, StreamAdmin, StreamInfo, StreamList, check_limit,
    record_event,
};
pub use append::{
    AppendRequest, Appended, Command, CommandId, CommandTarget, Expected, Guard, TouchedStreams,
};
pub use capabilities::Capabilities;
pub use claim::{Claim, ClaimChange};
pub use claim_index::{ClaimIndex, ClaimStage};
pub use codec::Codec;
pub use command_digest::{CommandDigest, DigestError};
pub use context::{CausationId, Context, CorrelationId, Metadata, Principal};
pub use digest::{Digest, Digester};
pub use domain::{
    Adapted, Adapter, Aggregate, Both, Decider, Decision, DecisionModel, Event, EventSpec, Facts,
    Handle, Models, Part, Recorded,
};
pub use error::{AppendError, CommandReuse, Conflict, Refusal, StoreError, StoreErrorKind};
pub use event::{NewEvent, Place, RecordedEvent};
pub use event_type::{EventType, SchemaVersion};
pub use id::{EventId, IdSource, RandomIds};
pub use maintenance::{Health, Maintenance, StoreStats, Verified};
pub use memory::MemoryStore;
pub use name::InvalidName;
pub use position::{Position, Revision};
pub use projecting::{
    EventFailure, EventSubscriber, FailureKind, Fold, HandlerError, LiveHandlers, LiveProjection,
    LiveView, Project, Projection, ProjectionHandlers, Reads, Receive, Routes, RoutesError,
    Subscriber, SubscriberHandlers, ViewProjection,
};
pub use query::{Query, QueryItem};
pub use read::{Direction, LogRead, Page, StreamRead, page_events};
pub use reading::{
    Advance, Advanced, CheckpointStore, DeadLetter, DeadLetterKey, DeadLetterList,
    DeadLetterSelection, DeadLetterStatus, DeadLetters, Epoch, HandledEvent, InlineView,
    InstructError, Instruction, LaneKey, Lease, LeaseAnswer, LeaseClaim, LeaseSeen, LeaseStore,
    LetterChange, OwnerId, Pause, Progress, ProgressKey, ProgressList, Rebuild, RebuildStep,
    Registration, RegistrationFit, ShapeError, SqlDialect, SqlRow, SqlType, SqlValue,
    SubscriptionKind, SubscriptionName, SubscriptionReport, SubscriptionState, Transacted,
    ViewError, ViewErrorKind, ViewMigration, ViewStore, ViewTransaction, ViewWork, judge,
};
pub use schema::{
    EventError, EventProblem, ImpossibleQuery, RawEvent, RawPayload, Registry, RegistryError,
    UnknownEvents, Upcasters,
};
pub use snapshot::{
    Snapshot, SnapshotInfo, SnapshotKey, SnapshotKind, SnapshotList, SnapshotSaved, SnapshotStore,
};
pub use store::{EventStore, EventStoreExt, PageStream, Recalled, SharedStore, Store};
pub use stream::{Category, StreamId};
pub use stream_filter::{StreamFilter, StreamPrefix};
pub use tag::{Tag, Tags};
pub use tenant::{TenantId, TenantScope};
pub use time::{Clock, InvalidTime, SystemClock, Timestamp};
pub use watch::{HeadSignal, HeadWatch};
