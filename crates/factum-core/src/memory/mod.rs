//! The in-memory store: the reference for every other one, and a store for users' tests.
//!
//! One lock, one vector of events, no index that is not plain. Nothing outlives the process.

mod admin;
mod checkpoints;
mod dead_letters;
mod leases;
mod log;
mod maintenance;
mod names;
mod snapshots;
mod subscriptions;
mod views;

use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream;

use self::log::Log;
use crate::{
    AppendError, AppendRequest, Appended, Capabilities, Clock, CommandId, EventStore, HeadSignal,
    HeadWatch, LogRead, PageStream, Position, Recalled, Refusal, SharedStore, StoreError,
    StreamRead, SystemClock, TenantId, TenantScope,
};

/// An event store in memory. Clones and tenant handles share one log.
///
/// # Examples
///
/// ```
/// use factum_core::{AppendRequest, Codec, EventStore, EventStoreExt, EventType, Expected};
/// use factum_core::{IdSource, LogRead, MemoryStore, NewEvent, RandomIds};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store = MemoryStore::default();
/// let opened = EventType::new("account.opened")?;
/// let event = NewEvent::new(RandomIds.next_id(), opened, Codec::Json, "{}");
/// let request = AppendRequest::default().stream("account/ann".parse()?, Expected::NoStream, [event]);
///
/// assert_eq!(store.append(request.clone()).await?.last.get(), 1);
/// assert!(store.append(request).await.is_err(), "the stream exists now");
/// assert_eq!(store.collect(LogRead::default()).await?.len(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct MemoryStore {
    shared: Arc<Shared>,
    scope: TenantScope,
}

#[derive(Debug)]
struct Shared {
    log: Mutex<Log>,
    head: HeadSignal,
    clock: Arc<dyn Clock>,
}

impl Default for MemoryStore {
    /// An empty store of the default tenant, on the machine's clock.
    fn default() -> Self {
        Self::new(TenantScope::default(), Arc::new(SystemClock))
    }
}

impl MemoryStore {
    /// An empty store whose handle sees `scope`.
    pub fn new(scope: TenantScope, clock: Arc<dyn Clock>) -> Self {
        let head = HeadSignal::new(Position::START);
        Self { shared: Arc::new(Shared { log: Mutex::default(), head, clock }), scope }
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        // A panic while the lock is held cannot leave half an append: a request is judged in full
        // before the first change, and the changes do not panic.
        self.shared.log.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The tenant that the handle names, or the refusal for handles of all tenants.
    fn tenant(&self) -> Result<&TenantId, Refusal> {
        self.scope.tenant().ok_or(Refusal::TenantRequired)
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl EventStore for MemoryStore {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            backend: "memory",
            durable: false,
            dense_positions: true,
            multi_process: false,
            backup: false,
            views: None,
            foreign_wake_ms_max: None,
        }
    }

    fn scope(&self) -> &TenantScope {
        &self.scope
    }

    fn for_tenant(&self, tenant: &TenantId) -> Result<SharedStore, StoreError> {
        let scope = self.scope.narrowed(tenant)?;
        Ok(Arc::new(Self { shared: Arc::clone(&self.shared), scope }))
    }

    async fn append(&self, request: AppendRequest) -> Result<Appended, AppendError> {
        request.check()?;
        let tenant = self.tenant()?;
        let now = self.shared.clock.now();
        let appended = self.log().append(tenant, request, now)?;
        self.shared.head.publish(appended.last);
        Ok(appended)
    }

    async fn recall(&self, command: &CommandId) -> Result<Option<Recalled>, StoreError> {
        let tenant = self.tenant().map_err(|it| StoreError::refused("recall command", &it))?;
        let now = self.shared.clock.now();
        Ok(self.log().recall(tenant, command, now))
    }

    fn read(&self, request: LogRead) -> PageStream {
        if let Err(refusal) = request.query.check() {
            return failed(StoreError::refused("read log", &refusal));
        }
        let first = (self.clone(), request, true);
        stream::unfold(first, |(store, mut request, more)| async move {
            if !more {
                return None;
            }
            let (page, more) = store.log().page(&store.scope, &mut request);
            Some((Ok(page), (store, request, more)))
        })
        .boxed()
    }

    fn read_stream(&self, request: StreamRead) -> PageStream {
        let tenant = match self.tenant() {
            Ok(tenant) => tenant.clone(),
            Err(refusal) => return failed(StoreError::refused("read stream", &refusal)),
        };
        let (store, mut request, mut first, mut more) = (self.clone(), request, None, true);
        let next = move || {
            if !more {
                return None;
            }
            let page = store.log().stream_page(&tenant, &mut request, &mut first);
            more = page.as_ref().is_ok_and(|(_, more)| *more);
            Some(match page {
                Ok((page, _)) => Ok(page),
                Err(refusal) => Err(StoreError::refused("read stream", &refusal)),
            })
        };
        stream::iter(std::iter::from_fn(next)).boxed()
    }

    async fn head(&self) -> Result<Position, StoreError> {
        Ok(self.log().head())
    }

    fn watch(&self) -> HeadWatch {
        self.shared.head.watch()
    }
}

fn failed(error: StoreError) -> PageStream {
    stream::once(async { Err(error) }).boxed()
}
