//! The writing side: appends batches, and checks that each took the places of a copy.

use factum::{AppendError, AppendRequest, Appended, Guard, Position, Query, SharedStore, StreamId};

use super::batches::{Batch, Work};
use super::error::MigrateError;
use crate::outcome::Failure;

/// Writes to the target and nobody else does, which every append is guarded by.
#[derive(Debug)]
pub(super) struct Writer {
    target: SharedStore,
    dense: bool,
    /// Where the target ends.
    head: Position,
}

impl Writer {
    /// A writer that goes on where the target ends.
    pub(super) fn new(target: SharedStore, head: Position) -> Self {
        let dense = target.capabilities().dense_positions;
        Self { target, dense, head }
    }

    /// Stores a batch; gives the position of its last event in the target.
    pub(super) async fn write(&mut self, batch: Batch) -> Result<Position, Failure> {
        let Batch { tenant, work, streams, counts, .. } = batch;
        let store = self.target.for_tenant(&tenant)?;
        let appended = match work {
            Work::Append(request) => store.append(self.guarded(request)).await,
            Work::Act { act, event, stream, expected } => {
                // A truncation takes no guard, so this narrows the time for others to come between.
                self.check_head().await?;
                act.repeat(&event, &store, &stream, expected).await
            }
        };
        let appended = match appended {
            Ok(appended) => appended,
            Err(AppendError::Conflict(conflict)) => {
                return Err(MigrateError::Guard(conflict).into());
            }
            Err(error) => return Err(error.into()),
        };
        self.check(&appended, &streams, counts.events)?;
        self.head = appended.last;
        Ok(self.head)
    }

    /// Beside the guards on its streams: nothing of the tenant came after what was copied.
    fn guarded(&self, mut request: AppendRequest) -> AppendRequest {
        request.guards.push(Guard::NoneMatch { query: Query::all(), after: self.head });
        request
    }

    async fn check_head(&self) -> Result<(), Failure> {
        let found = self.target.head().await?;
        if found == self.head {
            return Ok(());
        }
        Err(MigrateError::OtherPlace { expected: self.head, found }.into())
    }

    fn check(
        &self,
        appended: &Appended,
        streams: &[(StreamId, factum::Revision)],
        events: u64,
    ) -> Result<(), MigrateError> {
        let expected = self.head.plus(events);
        if self.dense && appended.last != expected {
            return Err(MigrateError::OtherPlace { expected, found: appended.last });
        }
        for (stream, revision) in streams {
            let found = appended.revision(stream);
            if found != Some(*revision) {
                let found = found.map_or("none".into(), |it| format!("{it} instead of {revision}"));
                return Err(MigrateError::OtherRevision { stream: stream.clone(), found });
            }
        }
        Ok(())
    }
}
