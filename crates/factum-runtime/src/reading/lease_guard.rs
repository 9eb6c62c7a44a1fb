//! A lease for readers of one's own: renewed while it is held, released when it is dropped.

use std::sync::Arc;
use std::time::Duration;

use factum_core::{
    Lease, Progress, Registration, ShapeError, SharedStore, StoreError, StoreErrorKind,
    SubscriptionReport, SubscriptionState,
};
use tokio::sync::watch;
use tokio::task::AbortHandle;

use super::candidate::{Candidate, Look};
use super::owner;
use super::settings::SubscriptionSettings;

/// Why a lease could not be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LeaseError {
    /// The name belongs to a newer reader, or to one that reads something else.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// The store failed; no lease is held.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The lease of a subscription, for a reader that does not run in a [`Subscription`](crate::Subscription).
///
/// It is renewed in the background every [`beat_ms`](SubscriptionSettings::beat_ms). A reader stores
/// its checkpoint with [`CheckpointStore::advance`](factum_core::CheckpointStore::advance) and
/// [`lease`](Self::lease), and the store refuses it once another owner took over.
///
/// Dropping the guard releases the lease, so that the next owner does not wait, if a Tokio runtime is at
/// hand and goes on running; otherwise the lease runs out. [`release`](Self::release) waits until that
/// is done.
///
/// # Examples
///
/// ```
/// use factum_core::{MemoryStore, Position, Registration, SharedStore, SubscriptionKind, SubscriptionName};
/// use factum_runtime::{LeaseGuard, SubscriptionSettings};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store: SharedStore = std::sync::Arc::new(MemoryStore::default());
/// let reader = Registration {
///     name: SubscriptionName::new("nightly-report")?,
///     kind: SubscriptionKind::Subscription,
///     version: 1,
///     shape: "nightly report".into(),
///     start: Position::START,
/// };
/// let settings = SubscriptionSettings::default();
/// let held = LeaseGuard::acquire(store.clone(), reader.clone(), settings).await?;
/// assert!(LeaseGuard::try_acquire(store.clone(), reader.clone(), settings).await?.is_none());
/// held.release().await?;
/// assert!(LeaseGuard::try_acquire(store, reader, settings).await?.is_some());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct LeaseGuard {
    store: SharedStore,
    lease: Lease,
    progress: Progress,
    lost: watch::Receiver<bool>,
    renewal: AbortHandle,
    released: bool,
}

impl LeaseGuard {
    /// Waits for the lease and takes it: at once if nobody holds it or the owner's process has ended on
    /// this machine, otherwise once its owner releases it or has not renewed it for
    /// [`lease_ms`](SubscriptionSettings::lease_ms). The subscription is registered if it is new.
    ///
    /// # Cancel safety
    ///
    /// A dropped future may have been granted the lease, which then runs out.
    ///
    /// # Errors
    ///
    /// A [`LeaseError`]; no lease is held.
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime with time enabled.
    pub async fn acquire(
        store: SharedStore,
        reader: Registration,
        settings: SubscriptionSettings,
    ) -> Result<Self, LeaseError> {
        let settings = settings.bounded();
        let mut candidate = candidate(&store, &reader, settings).await?;
        loop {
            match candidate.look(&store).await? {
                Look::Granted(lease, progress) => {
                    return Ok(Self::held(store, lease, *progress, settings));
                }
                Look::Held(..) => {
                    tokio::time::sleep(Duration::from_millis(settings.standby_ms)).await;
                }
            }
        }
    }

    /// Takes the lease if nobody holds it or the owner's process has ended on this machine; `None` if it
    /// is held.
    ///
    /// # Cancel safety
    ///
    /// A dropped future may have been granted the lease, which then runs out.
    ///
    /// # Errors
    ///
    /// A [`LeaseError`]; no lease is held.
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime with time enabled.
    pub async fn try_acquire(
        store: SharedStore,
        reader: Registration,
        settings: SubscriptionSettings,
    ) -> Result<Option<Self>, LeaseError> {
        let settings = settings.bounded();
        match candidate(&store, &reader, settings).await?.look(&store).await? {
            Look::Granted(lease, progress) => {
                Ok(Some(Self::held(store, lease, *progress, settings)))
            }
            Look::Held(..) => Ok(None),
        }
    }

    fn held(
        store: SharedStore,
        lease: Lease,
        progress: Progress,
        settings: SubscriptionSettings,
    ) -> Self {
        let (sender, lost) = watch::channel(false);
        let renewals = renew(Arc::clone(&store), lease.clone(), settings.beat_ms, sender);
        let renewal = tokio::spawn(renewals).abort_handle();
        Self { store, lease, progress, lost, renewal, released: false }
    }

    /// The lease, to store checkpoints with.
    pub fn lease(&self) -> &Lease {
        &self.lease
    }

    /// What was stored of the subscription when the lease was granted, its checkpoint among it.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Whether another owner took over, as far as the last renewal knows.
    pub fn is_lost(&self) -> bool {
        *self.lost.borrow()
    }

    /// Waits until another owner took over.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn lost(&self) {
        let mut lost = self.lost.clone();
        // The sender goes with the task of the renewals, which ends when the lease is lost.
        drop(lost.wait_for(|it| *it).await);
    }

    /// Releases the lease and waits until that is done. A lease that was lost is left alone.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: the lease may or may not be released; if not, it runs out.
    ///
    /// # Errors
    ///
    /// A [`StoreError`]; the lease then runs out.
    pub async fn release(mut self) -> Result<(), StoreError> {
        self.renewal.abort();
        self.released = true;
        self.store.release_lease(&self.lease, report(SubscriptionState::Stopped)).await
    }
}

impl Drop for LeaseGuard {
    fn drop(&mut self) {
        self.renewal.abort();
        if self.released || self.is_lost() {
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let (store, lease) = (Arc::clone(&self.store), self.lease.clone());
        runtime.spawn(async move {
            let released = store.release_lease(&lease, report(SubscriptionState::Stopped)).await;
            if let Err(error) = released {
                tracing::warn!(subscription = %lease.name, %error,
                    "a lease could not be released; it will run out");
            }
        });
    }
}

/// Registers the reader, and checks that its name is its own.
async fn candidate(
    store: &SharedStore,
    reader: &Registration,
    settings: SubscriptionSettings,
) -> Result<Candidate, LeaseError> {
    let stored = store.register(reader.clone()).await?;
    stored.fit(reader)?;
    Ok(Candidate::new(reader.name.clone(), owner::new_owner(), settings.lease_ms))
}

async fn renew(store: SharedStore, lease: Lease, beat_ms: u64, lost: watch::Sender<bool>) {
    loop {
        tokio::time::sleep(Duration::from_millis(beat_ms)).await;
        match store.renew_lease(&lease, report(SubscriptionState::Live)).await {
            Ok(_) => {}
            Err(error) if error.kind() == StoreErrorKind::Fenced => {
                lost.send_replace(true);
                return;
            }
            Err(error) => {
                tracing::warn!(subscription = %lease.name, %error, "a lease could not be renewed");
            }
        }
    }
}

fn report(state: SubscriptionState) -> SubscriptionReport {
    SubscriptionReport { state, ..SubscriptionReport::default() }
}
