//! What a store that wraps another one passes on.

/// Implements parts of the contract for a store that wraps another one, by passing every call on:
/// `delegate!(Wrapper.inner: StreamAdmin, LeaseStore);`, where `inner` is the field.
///
/// Takes `StreamAdmin`, `SnapshotStore`, `CheckpointStore`, `LeaseStore`, `DeadLetters` and
/// `Maintenance`. The crates `async_trait` and `factum_core` must be at hand.
#[macro_export]
macro_rules! delegate {
    (@StreamAdmin $store:ident $inner:ident) => {
        const _: () = {
            use ::factum_core::{
                AdminRecord, AppendError, Appended, CategoryInfo, CategoryList, Claim, Expected,
                Revision, StoreError, StreamAdmin, StreamId, StreamInfo, StreamList,
            };

            #[::async_trait::async_trait]
            impl StreamAdmin for $store {
                async fn stream(&self, id: &StreamId) -> Result<Option<StreamInfo>, StoreError> {
                    self.$inner.stream(id).await
                }

                async fn streams(&self, list: StreamList) -> Result<Vec<StreamInfo>, StoreError> {
                    self.$inner.streams(list).await
                }

                async fn categories(
                    &self,
                    list: CategoryList,
                ) -> Result<Vec<CategoryInfo>, StoreError> {
                    self.$inner.categories(list).await
                }

                async fn claim_owner(
                    &self,
                    claim: &Claim,
                ) -> Result<Option<StreamId>, StoreError> {
                    self.$inner.claim_owner(claim).await
                }

                async fn tombstone(
                    &self,
                    stream: &StreamId,
                    expected: Expected,
                    record: AdminRecord,
                ) -> Result<Appended, AppendError> {
                    self.$inner.tombstone(stream, expected, record).await
                }

                async fn truncate_before(
                    &self,
                    stream: &StreamId,
                    first: Revision,
                    record: AdminRecord,
                ) -> Result<Appended, AppendError> {
                    self.$inner.truncate_before(stream, first, record).await
                }
            }
        };
    };
    (@SnapshotStore $store:ident $inner:ident) => {
        const _: () = {
            use ::factum_core::{
                Revision, Snapshot, SnapshotInfo, SnapshotKind, SnapshotList, SnapshotSaved,
                SnapshotStore, StoreError, StreamId,
            };

            #[::async_trait::async_trait]
            impl SnapshotStore for $store {
                async fn save_snapshot(
                    &self,
                    snapshot: Snapshot,
                ) -> Result<SnapshotSaved, StoreError> {
                    self.$inner.save_snapshot(snapshot).await
                }

                async fn latest_snapshot(
                    &self,
                    stream: &StreamId,
                    kind: &SnapshotKind,
                    through: Option<Revision>,
                ) -> Result<Option<Snapshot>, StoreError> {
                    self.$inner.latest_snapshot(stream, kind, through).await
                }

                async fn snapshots(
                    &self,
                    list: SnapshotList,
                ) -> Result<Vec<SnapshotInfo>, StoreError> {
                    self.$inner.snapshots(list).await
                }

                async fn delete_snapshots(
                    &self,
                    stream: &StreamId,
                    kind: Option<&SnapshotKind>,
                    keep_last: usize,
                ) -> Result<u64, StoreError> {
                    self.$inner.delete_snapshots(stream, kind, keep_last).await
                }
            }
        };
    };
    (@CheckpointStore $store:ident $inner:ident) => {
        const _: () = {
            use ::factum_core::{
                Advance, Advanced, CheckpointStore, InstructError, Instruction, Progress,
                ProgressList, Registration, StoreError, SubscriptionName,
            };

            #[::async_trait::async_trait]
            impl CheckpointStore for $store {
                async fn register(&self, it: Registration) -> Result<Progress, StoreError> {
                    self.$inner.register(it).await
                }

                async fn progress(
                    &self,
                    name: &SubscriptionName,
                ) -> Result<Option<Progress>, StoreError> {
                    self.$inner.progress(name).await
                }

                async fn subscriptions(
                    &self,
                    list: ProgressList,
                ) -> Result<Vec<Progress>, StoreError> {
                    self.$inner.subscriptions(list).await
                }

                async fn advance(&self, advance: Advance) -> Result<Advanced, StoreError> {
                    self.$inner.advance(advance).await
                }

                async fn instruct(
                    &self,
                    name: &SubscriptionName,
                    instruction: Instruction,
                ) -> Result<Progress, InstructError> {
                    self.$inner.instruct(name, instruction).await
                }

                async fn forget(&self, name: &SubscriptionName) -> Result<bool, StoreError> {
                    self.$inner.forget(name).await
                }
            }
        };
    };
    (@LeaseStore $store:ident $inner:ident) => {
        const _: () = {
            use ::factum_core::{
                Lease, LeaseAnswer, LeaseClaim, LeaseStore, Progress, StoreError,
                SubscriptionReport,
            };

            #[::async_trait::async_trait]
            impl LeaseStore for $store {
                async fn claim_lease(&self, claim: LeaseClaim) -> Result<LeaseAnswer, StoreError> {
                    self.$inner.claim_lease(claim).await
                }

                async fn renew_lease(
                    &self,
                    lease: &Lease,
                    report: SubscriptionReport,
                ) -> Result<Progress, StoreError> {
                    self.$inner.renew_lease(lease, report).await
                }

                async fn release_lease(
                    &self,
                    lease: &Lease,
                    report: SubscriptionReport,
                ) -> Result<(), StoreError> {
                    self.$inner.release_lease(lease, report).await
                }
            }
        };
    };
    (@DeadLetters $store:ident $inner:ident) => {
        const _: () = {
            use ::factum_core::{
                DeadLetter, DeadLetterKey, DeadLetterList, DeadLetterSelection, DeadLetters,
                StoreError, SubscriptionName,
            };

            #[::async_trait::async_trait]
            impl DeadLetters for $store {
                async fn dead_letters(
                    &self,
                    list: DeadLetterList,
                ) -> Result<Vec<(DeadLetterKey, DeadLetter)>, StoreError> {
                    self.$inner.dead_letters(list).await
                }

                async fn replay(
                    &self,
                    name: &SubscriptionName,
                    selection: DeadLetterSelection,
                ) -> Result<u64, StoreError> {
                    self.$inner.replay(name, selection).await
                }

                async fn discard(
                    &self,
                    name: &SubscriptionName,
                    selection: DeadLetterSelection,
                ) -> Result<u64, StoreError> {
                    self.$inner.discard(name, selection).await
                }
            }
        };
    };
    (@Maintenance $store:ident $inner:ident) => {
        const _: () = {
            use ::factum_core::{Health, Maintenance, Position, StoreError, StoreStats, Verified};

            #[::async_trait::async_trait]
            impl Maintenance for $store {
                async fn stats(&self) -> Result<StoreStats, StoreError> {
                    self.$inner.stats().await
                }

                async fn health(&self) -> Result<Health, StoreError> {
                    self.$inner.health().await
                }

                async fn verify(&self) -> Result<Verified, StoreError> {
                    self.$inner.verify().await
                }

                async fn rebuild_claims(&self) -> Result<u64, StoreError> {
                    self.$inner.rebuild_claims().await
                }

                async fn backup(&self, to: &::std::path::Path) -> Result<Position, StoreError> {
                    self.$inner.backup(to).await
                }

                async fn compact(&self) -> Result<u64, StoreError> {
                    self.$inner.compact().await
                }
            }
        };
    };
    ($store:ident.$inner:ident: $($part:ident),+ $(,)?) => {
        $($crate::delegate!(@$part $store $inner);)+
    };
}
