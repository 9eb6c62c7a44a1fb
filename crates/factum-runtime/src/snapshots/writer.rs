//! Writes snapshots off the caller's path: one task per repository, a short queue before it.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use factum_core::{
    Aggregate, Revision, SharedStore, Snapshot, SnapshotSaved, StoreError, StoreErrorKind,
    StreamId, Timestamp,
};
use futures::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use super::SnapshotSettings;
use crate::Loaded;

/// How many snapshots may wait; beyond that they are left out, and the next crossing takes one.
const QUEUE_MAX: usize = 64;

/// A snapshot to be taken.
pub(crate) struct Job<A> {
    pub(crate) store: SharedStore,
    pub(crate) stream: StreamId,
    pub(crate) revision: Revision,
    pub(crate) loaded: Loaded<A>,
    pub(crate) taken_at: Timestamp,
}

/// A message to the task: take a snapshot, or say that everything before is done.
type Message = BoxFuture<'static, ()>;

/// The way to the task, which starts with the first snapshot and ends with the repository.
#[derive(Default)]
pub(crate) struct SnapshotWriter {
    queue: Mutex<Option<mpsc::Sender<Message>>>,
}

impl SnapshotWriter {
    /// Hands a snapshot over, unless too many are waiting, or there is no runtime to write it in.
    pub(super) fn offer<A: Aggregate>(&self, settings: Arc<SnapshotSettings<A>>, job: Job<A>) {
        let stream = job.stream.clone();
        let Ok(runtime) = Handle::try_current() else {
            return tracing::warn!(%stream, "snapshot left out: no tokio runtime to write it in");
        };
        let message: Message = Box::pin(async move {
            let (stream, revision) = (job.stream.clone(), job.revision);
            if let Err(error) = settings.save(job).await {
                tracing::warn!(%stream, %revision, %error, "snapshot not taken");
            }
        });
        if self.queue(&runtime).try_send(message).is_err() {
            tracing::warn!(%stream, "snapshot left out: {QUEUE_MAX} are waiting");
        }
    }

    /// Waits until everything handed over before is written.
    pub(crate) async fn settled(&self) {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(queue) = queue else { return };
        let (done, settled) = oneshot::channel();
        let message: Message = Box::pin(async move {
            let _ = done.send(()); // Nobody waits any longer.
        });
        if queue.send(message).await.is_ok() {
            let _ = settled.await; // A task that is gone with its runtime leaves nothing to wait for.
        }
    }

    /// The queue before the task, which is started if there is none, or none any more.
    fn queue(&self, runtime: &Handle) -> mpsc::Sender<Message> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(queue) = queue.as_ref().filter(|it| !it.is_closed()) {
            return queue.clone();
        }
        let (sender, mut messages) = mpsc::channel::<Message>(QUEUE_MAX);
        runtime.spawn(async move {
            while let Some(message) = messages.recv().await {
                message.await;
            }
        });
        queue.insert(sender).clone()
    }
}

impl<A: Aggregate> SnapshotSettings<A> {
    async fn save(&self, job: Job<A>) -> Result<(), StoreError> {
        let mut payload = Vec::new();
        let (state, analytics) = (&job.loaded.state, job.loaded.analytics.as_ref());
        (self.encode)(state, analytics, self.policy.codec, &mut payload).map_err(|error| {
            StoreError::new(StoreErrorKind::Invalid, "save snapshot", error.to_string())
        })?;
        let snapshot = Snapshot {
            stream: job.stream.clone(),
            kind: self.kind.clone(),
            revision: job.revision,
            position: job.loaded.position,
            schema_version: self.policy.schema_version,
            codec: self.policy.codec,
            payload: Bytes::from(payload),
            taken_at: job.taken_at,
        };
        drop(job.loaded); // Whoever waits for the state to be unshared need not wait for the disk.
        match job.store.save_snapshot(snapshot).await? {
            SnapshotSaved::Stored => {
                if let Some(keep) = self.policy.keep_last {
                    job.store.delete_snapshots(&job.stream, Some(&self.kind), keep).await?;
                }
            }
            // Another program was faster, and has cleared up behind itself.
            SnapshotSaved::Older { newest } => {
                let (stream, revision) = (&job.stream, job.revision);
                tracing::debug!(%stream, %revision, %newest, "snapshot left out: a newer one is there");
            }
        }
        Ok(())
    }
}
