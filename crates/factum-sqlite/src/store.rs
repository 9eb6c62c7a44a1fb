//! The store's handle. Each method hands over to the part that does the work.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use factum_core::{
    AppendError, AppendRequest, Appended, Capabilities, CommandId, EventStore, HeadSignal,
    HeadWatch, LogRead, PageStream, Position, Recalled, Refusal, SharedStore, SqlDialect,
    StoreError, StoreErrorKind, StreamRead, TenantId, TenantScope,
};
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::cache::StreamCache;
use crate::connection::{self, check_path, is_read_only, open_writer};
use crate::error::{closed, placed, read_only};
use crate::foreign::ForeignPoll;
use crate::pages::pages;
use crate::pool::ReaderPool;
use crate::query::QueryScope;
use crate::read_file::ReadFile;
use crate::reader::Reader;
use crate::writer::{Write, WriterHandle};
use crate::{SqliteStoreConfig, commands, migrate, read};

/// How long to wait before a file that others are opening is tried again.
const OPEN_AGAIN_AFTER: Duration = Duration::from_millis(5);

/// An event store on one SQLite file. Clones and tenant handles share its threads.
///
/// # Examples
///
/// ```
/// use factum_core::{AppendRequest, Codec, EventStore, EventType, Expected};
/// use factum_core::{IdSource, NewEvent, RandomIds};
/// use factum_sqlite::{SqliteStore, SqliteStoreConfig};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// let config = SqliteStoreConfig::new(folder.path().join("bank.db"));
/// let store = SqliteStore::open(config.clone()).await?;
/// let event = NewEvent::new(
///     RandomIds.next_id(),
///     EventType::new("account.opened")?,
///     Codec::Json,
///     r#"{"owner":"ann"}"#,
/// );
/// let request = AppendRequest::default().stream("account/ann".parse()?, Expected::NoStream, [event]);
/// store.append(request).await?; // On disk when this returns.
/// drop(store);
///
/// let again = SqliteStore::open(config).await?;
/// assert_eq!(again.head().await?.get(), 1);
/// let folder_as_store = SqliteStore::open(SqliteStoreConfig::new(folder.path())).await;
/// assert!(folder_as_store.is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct SqliteStore {
    pub(crate) shared: Arc<Shared>,
    pub(crate) scope: TenantScope,
}

/// What all handles of one opened file share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) readers: ReaderPool,
    foreign: ForeignPoll,
    /// Dropped after those that only read: the last connection to close writes the log back, so
    /// that the store is one file again.
    pub(crate) writer: WriterHandle,
    pub(crate) config: SqliteStoreConfig,
    head: Arc<HeadSignal>,
}

impl SqliteStore {
    /// Whether there is a file at the path of `config`. Does not look into it.
    ///
    /// # Errors
    ///
    /// [`Denied`](factum_core::StoreErrorKind::Denied) where a folder on the way may not be entered.
    pub fn exists(config: &SqliteStoreConfig) -> Result<bool, StoreError> {
        connection::exists(&config.path)
    }

    /// Opens the file, or makes it, and brings it to the format of this program. A file that this
    /// account may only read is opened all the same: reads go well, writes fail as denied, and
    /// [`health`](factum_core::Maintenance::health) says so.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the file is opened to the end on a thread of its own and closed again.
    ///
    /// # Errors
    ///
    /// The file is left as it was:
    /// - [`Invalid`](factum_core::StoreErrorKind::Invalid) for a directory;
    /// - [`NoStore`](factum_core::StoreErrorKind::NoStore) for a missing folder, or a missing file
    ///   without [`create`](SqliteStoreConfig::create);
    /// - [`Incompatible`](factum_core::StoreErrorKind::Incompatible) for a file that is not a
    ///   store, or of a newer format;
    /// - [`Denied`](factum_core::StoreErrorKind::Denied) without permission to read or to make it;
    /// - [`Corrupt`](factum_core::StoreErrorKind::Corrupt) for a damaged file;
    /// - [`Unavailable`](factum_core::StoreErrorKind::Unavailable) if another process held it for
    ///   too long.
    pub async fn open(config: SqliteStoreConfig) -> Result<Self, StoreError> {
        let (reply, answer) = oneshot::channel();
        std::thread::spawn(move || {
            let _ = reply.send(Self::open_blocking(config)); // Cancelled: the store just closes.
        });
        answer.await.map_err(|_| closed(StoreErrorKind::Unavailable, "open store"))?
    }

    fn open_blocking(config: SqliteStoreConfig) -> Result<Self, StoreError> {
        check_path(&config)?;
        let at = |error: StoreError| placed(&error, &config.path);
        let Some(conn) = writable(&config).map_err(at)? else {
            let (conn, file) = ReadFile::open(&config.path, config.busy_timeout_ms).map_err(at)?;
            migrate::check(&conn, migrate::MIGRATIONS).map_err(at)?;
            return Self::open_read_only(config, (conn, file));
        };
        let head = Arc::new(HeadSignal::new(Position::START));
        let poll = ReadFile::open(&config.path, config.busy_timeout_ms)?;
        let cache = StreamCache::new(config.cache_bytes_max).map(Arc::new);
        let readers = ReaderPool::start(&config, cache.as_ref())?;
        let foreign = ForeignPoll::start(poll, &config, Arc::clone(&head))?;
        let writer = WriterHandle::start(conn, config.clone(), Arc::clone(&head), cache)?;
        let scope = config.scope.clone();
        Ok(Self { shared: Arc::new(Shared { readers, foreign, writer, config, head }), scope })
    }

    /// A store that refuses writes, on a file that may only be read. Keeps no streams in memory, as
    /// nothing keeps them up to date.
    fn open_read_only(
        config: SqliteStoreConfig,
        opened: (Connection, ReadFile),
    ) -> Result<Self, StoreError> {
        let head = Arc::new(HeadSignal::new(Position::START));
        let readers = ReaderPool::start(&config, None)?;
        let foreign = ForeignPoll::start(opened, &config, Arc::clone(&head))?;
        let writer = WriterHandle::refusing(read_only(&config.path));
        let scope = config.scope.clone();
        Ok(Self { shared: Arc::new(Shared { readers, foreign, writer, config, head }), scope })
    }

    /// The tenant that the handle names, or the refusal for handles of all tenants.
    pub(crate) fn tenant(&self) -> Result<&TenantId, Refusal> {
        self.scope.tenant().ok_or(Refusal::TenantRequired)
    }
}

/// The connection that writes, or `None` if the file is there and this account may only read it.
fn writable(config: &SqliteStoreConfig) -> Result<Option<Connection>, StoreError> {
    if is_read_only(&config.path) {
        return Ok(None);
    }
    let there = config.path.exists();
    match open_migrated(config) {
        // The file may be written to, but nothing can be made in its folder.
        Err(denied) if denied.kind() == StoreErrorKind::Denied && there => Ok(None),
        opened => opened.map(Some),
    }
}

/// Opens the file for writing, in the newest format.
///
/// SQLite does not wait for locks while a file changes to write-ahead mode, because two that wait
/// for each other would wait for ever. So when others start at the same moment, the whole of it is
/// tried again until the time limit of a busy file.
fn open_migrated(config: &SqliteStoreConfig) -> Result<Connection, StoreError> {
    let give_up = Instant::now() + Duration::from_millis(u64::from(config.busy_timeout_ms));
    loop {
        let opened = open_writer(config).and_then(|conn| {
            migrate::migrate(&conn, migrate::MIGRATIONS, config.clock.now()).map(|()| conn)
        });
        match opened {
            Err(busy) if busy.kind() == StoreErrorKind::Unavailable && Instant::now() < give_up => {
                std::thread::sleep(OPEN_AGAIN_AFTER);
            }
            other => return other,
        }
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl EventStore for SqliteStore {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            backend: "sqlite",
            durable: !self.shared.config.unsafe_no_flush,
            dense_positions: true,
            multi_process: true,
            backup: true,
            views: Some(SqlDialect::Sqlite),
            foreign_wake_ms_max: Some(2 * u64::from(self.shared.config.foreign_poll_ms)),
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
        let tenant = self.tenant()?.clone();
        self.shared.writer.append(|reply| Write::Append { tenant, request, reply }).await
    }

    async fn recall(&self, command: &CommandId) -> Result<Option<Recalled>, StoreError> {
        const OPERATION: &str = "recall command";
        let tenant = self.tenant().map_err(|it| StoreError::refused(OPERATION, &it))?;
        let (scope, command) = (TenantScope::One(tenant.clone()), command.clone());
        let now = self.shared.config.clock.now();
        let find = move |reader: &mut Reader| match reader.query_scope(&scope)? {
            QueryScope::One { id: Some(tenant), .. } => {
                commands::find(&reader.conn, &mut reader.names, tenant, &command, now)
            }
            _ => Ok(None),
        };
        self.shared.readers.run(OPERATION, find).await
    }

    fn read(&self, request: LogRead) -> PageStream {
        const OPERATION: &str = "read log";
        let refused = request.query.check().err();
        let scope = self.scope.clone();
        pages(&self.shared.readers, OPERATION, request, refused, move |reader, request| {
            read::log_page(reader, &scope, request)
        })
    }

    fn read_stream(&self, request: StreamRead) -> PageStream {
        const OPERATION: &str = "read stream";
        let (tenant, refused) = match self.tenant() {
            Ok(tenant) => (Some(tenant.clone()), None),
            Err(refusal) => (None, Some(refusal)),
        };
        let cursor = read::StreamCursor::new(request);
        pages(&self.shared.readers, OPERATION, cursor, refused, move |reader, request| {
            let tenant = tenant.as_ref().expect("a handle of all tenants was refused");
            read::stream_page(reader, tenant, request)
        })
    }

    async fn head(&self) -> Result<Position, StoreError> {
        self.shared.readers.run("read head", Reader::head).await
    }

    fn watch(&self) -> HeadWatch {
        let watch = self.shared.head.watch();
        self.shared.foreign.nudge();
        watch
    }
}
