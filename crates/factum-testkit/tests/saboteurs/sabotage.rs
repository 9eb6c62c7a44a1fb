//! The ways in which a store can break its contract.

use factum_core::{
    AdminRecord, Advance, Advanced, AppendError, AppendRequest, Appended, CategoryInfo,
    CategoryList, DeadLetter, DeadLetterKey, DeadLetterList, DeadLetterSelection, Expected,
    HeadWatch, Health, InstructError, Instruction, Lease, LeaseAnswer, LeaseClaim, LogRead, Page,
    PageStream, Position, Progress, ProgressList, Recalled, Registration, Revision, SharedStore,
    Snapshot, SnapshotInfo, SnapshotKind, SnapshotList, SnapshotSaved, StoreError, StoreStats,
    StreamId, StreamInfo, StreamList, StreamRead, SubscriptionName, SubscriptionReport, TenantId,
    Verified,
};
use futures::future::BoxFuture;

use crate::journal::Entry;

pub(crate) type Answer = Result<Appended, AppendError>;

/// What a store answers when it is done in a way of its own.
pub(crate) type Later<T, E = StoreError> = BoxFuture<'static, Result<T, E>>;

/// What becomes of the meant letters of a subscription, and how many those are.
pub(crate) type OnLetters = fn(SharedStore, SubscriptionName, DeadLetterSelection) -> Later<u64>;

/// One thing that goes wrong. Everything else is as it should be.
#[derive(Clone, Copy)]
pub(crate) enum Sabotage {
    None,
    /// Changes what is appended.
    Request(fn(&mut AppendRequest)),
    /// Changes the answer to an append.
    Answer(fn(Answer) -> Answer),
    /// Appends in a way of its own.
    Append(fn(SharedStore, AppendRequest) -> BoxFuture<'static, Answer>),
    /// Changes which part of the log is read.
    LogRead(fn(&mut LogRead)),
    /// Changes every page of the log.
    LogPage(fn(&mut Page)),
    /// Changes the run of pages of the log.
    LogPages(fn(PageStream) -> PageStream),
    /// Reads the log in a way of its own.
    Read(fn(SharedStore, LogRead) -> PageStream),
    /// Lets go of reads when the handle is dropped.
    ReadsEndWithTheHandle,
    StreamRead(fn(&mut StreamRead)),
    StreamPage(fn(&mut Page)),
    StreamPages(fn(PageStream) -> PageStream),
    ReadStream(fn(SharedStore, StreamRead) -> PageStream),
    Info(fn(&mut Option<StreamInfo>)),
    ListStreams(fn(&mut StreamList)),
    Streams(fn(&mut Vec<StreamInfo>)),
    ListCategories(fn(&mut CategoryList)),
    Categories(fn(&mut Vec<CategoryInfo>)),
    Owner(fn(&mut Option<StreamId>)),
    Recall(fn(&mut Option<Recalled>)),
    /// Changes how a stream is deleted.
    Tombstone(fn(&mut Expected, &mut AdminRecord)),
    /// Changes the record of a truncation.
    Truncate(fn(&mut AdminRecord)),
    /// Changes the answer to a deletion or truncation.
    Admin(fn(Answer) -> Answer),
    /// Deletes or truncates in a way of its own, given the stream and whether it is a deletion.
    Act(fn(SharedStore, StreamId, AdminRecord, bool) -> BoxFuture<'static, Answer>),
    Head(fn(Position) -> Position),
    Watch(fn(HeadWatch) -> HeadWatch),
    /// Narrows a handle to another tenant.
    Tenant(fn(&TenantId) -> TenantId),
    /// Serves reads of one tenant with everybody's events.
    NoWallForReads,
    /// Lets a handle of one tenant be narrowed to another.
    NoWallForHandles,
    /// Lets a handle of all tenants act as one of them.
    AllActsAs(&'static str),
    /// Changes what is saved as a snapshot.
    SaveSnapshot(fn(&mut Snapshot)),
    /// Saves a snapshot in a way of its own.
    Save(fn(SharedStore, Snapshot) -> BoxFuture<'static, Result<SnapshotSaved, StoreError>>),
    /// Changes up to where a snapshot is looked for.
    Through(fn(Option<Revision>) -> Option<Revision>),
    /// Finds a snapshot in a way of its own.
    Latest(fn(SharedStore, StreamId, SnapshotKind) -> BoxFuture<'static, Option<Snapshot>>),
    ListSnapshots(fn(&mut SnapshotList)),
    Snapshots(fn(&mut Vec<SnapshotInfo>)),
    /// Changes of which kind snapshots are deleted, and how many are kept.
    DeleteSnapshots(fn(&mut Option<SnapshotKind>, &mut usize)),
    /// Deletes snapshots of every stream.
    DeleteEverySnapshot,
    /// Changes how many snapshots are said to be deleted.
    Deleted(fn(u64) -> u64),
    /// Changes what is registered.
    Registration(fn(&mut Registration)),
    Register(fn(SharedStore, Registration) -> Later<Progress>),
    /// Looks up a subscription under another name.
    LookUp(fn(&SubscriptionName) -> SubscriptionName),
    /// Changes what is looked up of a subscription.
    Found(fn(&mut Progress)),
    ListSubscriptions(fn(&mut ProgressList)),
    Subscriptions(fn(&mut Vec<Progress>)),
    /// Changes a step before it is made.
    Step(fn(&mut Advance)),
    Advance(fn(SharedStore, Advance) -> Later<Advanced>),
    Instruct(fn(SharedStore, SubscriptionName, Instruction) -> Later<Progress, InstructError>),
    Forget(fn(SharedStore, SubscriptionName) -> Later<bool>),
    ClaimLease(fn(SharedStore, LeaseClaim) -> Later<LeaseAnswer>),
    Renew(fn(SharedStore, Lease, SubscriptionReport) -> Later<Progress>),
    Release(fn(SharedStore, Lease, SubscriptionReport) -> Later<()>),
    ListLetters(fn(&mut DeadLetterList)),
    Letters(fn(&mut Vec<(DeadLetterKey, DeadLetter)>)),
    Replay(OnLetters),
    Discard(OnLetters),
    /// Takes views without having any.
    Views,
    Stats(fn(&mut StoreStats)),
    Health(fn(&mut Health)),
    Verified(fn(&mut Verified)),
    Rebuilt(fn(u64) -> u64),
    /// Does something beside compacting, or instead of it.
    Compact(fn(SharedStore) -> BoxFuture<'static, ()>),
    Backup(fn(Result<Position, StoreError>) -> Result<Position, StoreError>),
    /// Overwrites whatever stands in the way of a backup.
    BackupOverwrites,
    /// Forgets when it is reopened.
    Reopen(fn(&mut Vec<Entry>)),
    /// Gives every opening a store of its own.
    OpenApart,
}
