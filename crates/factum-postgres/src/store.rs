//! The store's handle. Each method hands over to the part that does the work.

use std::sync::Arc;

use async_trait::async_trait;
use factum_core::{
    AppendError, AppendRequest, Appended, Capabilities, CommandId, EventStore, HeadSignal,
    HeadWatch, LogRead, PageStream, Position, Recalled, Refusal, SharedStore, SqlDialect,
    StoreError, StoreErrorKind, StreamRead, TenantId, TenantScope,
};
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use crate::answer::Verdict;
use crate::commit::Writer;
use crate::connection::{Connector, OPERATION};
use crate::error::{Failure, placed};
use crate::hints::Hints;
use crate::listen::Listener;
use crate::names::Names;
use crate::pages::pages;
use crate::pool::Readers;
use crate::read::stream::{StreamCursor, stream_page};
use crate::read::{LogCursor, log_page, no_row};
use crate::sql::{Schema, Sql};
use crate::views::Views;
use crate::views::inline::InlineViews;
use crate::writer::WriterHandle;
use crate::{PostgresStoreConfig, commands, migrate};

/// Most connections that serve reads, and most that serve views.
const CONNECTIONS_MAX: usize = 1_024;

/// An event store in one schema of a PostgreSQL database. Clones and tenant handles share its
/// connections and tasks, which run on the runtime that the store was opened on.
///
/// # Examples
///
/// ```no_run
/// use factum_core::{AppendRequest, Codec, EventStore, EventType, Expected};
/// use factum_core::{IdSource, NewEvent, RandomIds};
/// use factum_postgres::{PostgresStore, PostgresStoreConfig};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let config = PostgresStoreConfig::new("postgres://bank:secret@localhost/bank");
/// let store = PostgresStore::open(config).await?;
/// let event = NewEvent::new(
///     RandomIds.next_id(),
///     EventType::new("account.opened")?,
///     Codec::Json,
///     r#"{"owner":"ann"}"#,
/// );
/// let request = AppendRequest::default().stream("account/ann".parse()?, Expected::NoStream, [event]);
/// store.append(request).await?; // On the server's disk when this returns.
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct PostgresStore {
    pub(crate) shared: Arc<Shared>,
    pub(crate) scope: TenantScope,
}

/// What all handles of one opened store share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) readers: Readers,
    pub(crate) views: Views,
    pub(crate) inline: InlineViews,
    pub(crate) connector: Connector,
    pub(crate) writer: WriterHandle,
    pub(crate) names: Names,
    pub(crate) sql: Arc<Sql>,
    pub(crate) schema: Schema,
    pub(crate) config: PostgresStoreConfig,
    head: Arc<HeadSignal>,
    watched: Arc<Notify>,
    listening: AbortHandle,
    /// Whether the server flushes what it commits.
    flushes: bool,
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl PostgresStore {
    /// Connects, makes the schema if there is none, and brings it to the format of this program.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: each step of the migration is one transaction.
    ///
    /// # Errors
    ///
    /// The database is left as it was:
    /// - [`Invalid`](StoreErrorKind::Invalid) for an address, a schema or a setting that makes no
    ///   sense, or a schema that is missing without [`create`](PostgresStoreConfig::create);
    /// - [`Unsupported`](StoreErrorKind::Unsupported) for an encrypted connection without the
    ///   feature `tls`;
    /// - [`Incompatible`](StoreErrorKind::Incompatible) for a schema that holds something else, a
    ///   newer format, or a server older than PostgreSQL 14;
    /// - [`Misconfigured`](StoreErrorKind::Misconfigured) for a database that does not exist,
    ///   encryption that the two sides do not agree on, or a pooler that wants
    ///   [`prepare`](PostgresStoreConfig::prepare) off;
    /// - [`Denied`](StoreErrorKind::Denied) without permission;
    /// - [`Unavailable`](StoreErrorKind::Unavailable) if the server cannot be reached.
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime with time and I/O enabled.
    pub async fn open(config: PostgresStoreConfig) -> Result<Self, StoreError> {
        let schema = Schema::new(&config.schema)?;
        let wanted = [config.connections_max, config.view_connections_max];
        if let Some(found) = wanted.into_iter().find(|it| !(1..=CONNECTIONS_MAX).contains(it)) {
            let message = format!("expected 1 to {CONNECTIONS_MAX} connections, found {found}");
            return Err(StoreError::new(StoreErrorKind::Invalid, OPERATION, message));
        }
        let connector = Connector::new(&config)?;
        let readers = Readers::new(&config, connector.clone())?;
        let views = Views::new(&config, connector.clone())?;
        let failed = |failure: Failure| failure.at(connector.place()).into_store_error(OPERATION);
        let mut client = connector.connect().await.map_err(failed)?;
        let migrated = migrate::migrate(&mut client, &schema, &config).await;
        migrated.map_err(|error| placed(&error, connector.place()))?;
        let (sql, inline) = (Arc::new(Sql::new(&schema)), InlineViews::default());
        let flushes = migrate::flushes(&client).await.map_err(failed)?;
        let rows = readers.query(&sql.head, &[]).await.map_err(failed)?;
        let row = rows.first().ok_or_else(|| failed(no_row("the head")))?;
        let head = Arc::new(HeadSignal::new(Position::new(row.get::<_, i64>(0).cast_unsigned())));

        let (writer, requests) = WriterHandle::new();
        let task = Writer {
            connector: connector.clone(),
            sql: Arc::clone(&sql),
            schema: schema.clone(),
            config: config.clone(),
            head: Arc::clone(&head),
            problem: writer.problem.clone(),
            session: None,
            hints: Hints::default(),
            inline: inline.clone(),
            spaces: views.spaces.clone(),
        };
        tokio::spawn(task.serve(requests));
        let watched = Arc::new(Notify::new());
        let listener = Listener {
            connector: connector.clone(),
            readers: readers.clone(),
            sql: Arc::clone(&sql),
            schema: schema.clone(),
            config: config.clone(),
            head: Arc::downgrade(&head),
            watched: Arc::clone(&watched),
        };
        let listening = tokio::spawn(listener.serve()).abort_handle();
        let (scope, names) = (config.scope.clone(), Names::default());
        let shared = Shared {
            readers,
            views,
            inline,
            connector,
            writer,
            names,
            sql,
            schema,
            config,
            head,
            watched,
            listening,
            flushes,
        };
        Ok(Self { shared: Arc::new(shared), scope })
    }

    /// Whether there is a store at the address of `config`, of this format or an older one. Makes
    /// nothing.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open), but that a missing schema is an answer and no error.
    pub async fn exists(config: &PostgresStoreConfig) -> Result<bool, StoreError> {
        let schema = Schema::new(&config.schema)?;
        let connector = Connector::new(config)?;
        let client = connector.connect().await;
        let client = client.map_err(|failure| failure.into_store_error(OPERATION))?;
        let exists = migrate::exists(&client, &schema).await;
        exists.map_err(|error| placed(&error, connector.place()))
    }

    /// A handle on the same store that sees `tenant` only; as
    /// [`for_tenant`](EventStore::for_tenant), with what only this store can do.
    ///
    /// # Errors
    ///
    /// [`Invalid`](StoreErrorKind::Invalid) if this handle belongs to another tenant.
    pub fn narrowed(&self, tenant: &TenantId) -> Result<Self, StoreError> {
        let scope = self.scope.narrowed(tenant)?;
        Ok(Self { shared: Arc::clone(&self.shared), scope })
    }

    /// The tenant that the handle names, or the refusal for handles of all tenants.
    pub(crate) fn tenant(&self) -> Result<&TenantId, Refusal> {
        self.scope.tenant().ok_or(Refusal::TenantRequired)
    }

    /// The tenant, or the failure of an operation that needs one.
    pub(crate) fn tenant_for(&self, operation: &'static str) -> Result<&TenantId, StoreError> {
        self.tenant().map_err(|refusal| StoreError::refused(operation, &refusal))
    }

    /// Announces what this handle stored past the writer.
    pub(crate) fn publish(&self, head: Position) {
        self.shared.head.publish(head);
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl EventStore for PostgresStore {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            backend: "postgres",
            durable: self.shared.flushes && !self.shared.config.unsafe_no_flush,
            dense_positions: true,
            multi_process: true,
            backup: false,
            views: Some(SqlDialect::Postgres),
            foreign_wake_ms_max: Some(self.shared.config.foreign_wake_ms_max()),
        }
    }

    fn scope(&self) -> &TenantScope {
        &self.scope
    }

    fn for_tenant(&self, tenant: &TenantId) -> Result<SharedStore, StoreError> {
        Ok(Arc::new(self.narrowed(tenant)?))
    }

    async fn append(&self, request: AppendRequest) -> Result<Appended, AppendError> {
        request.check()?;
        let tenant = self.tenant()?.clone();
        let command = request.command.clone();
        match self.shared.writer.append(tenant, request).await? {
            Verdict::Stored(appended) => Ok(appended),
            Verdict::Refused(error) => Err(error),
            Verdict::Known => {
                let expired = || just_expired();
                let command = command.ok_or_else(expired)?;
                self.recall(&command.id).await?.ok_or_else(expired)?.answer(&command)
            }
        }
    }

    async fn recall(&self, command: &CommandId) -> Result<Option<Recalled>, StoreError> {
        const OPERATION: &str = "recall command";
        let tenant = self.tenant_for(OPERATION)?;
        let Shared { readers, sql, config, .. } = &*self.shared;
        let found = commands::find(readers, sql, tenant, command, config.clock.now()).await;
        found.map_err(|failure| failure.into_store_error(OPERATION))
    }

    fn read(&self, request: LogRead) -> PageStream {
        let cursor = match request.query.check() {
            Ok(()) => Ok(LogCursor::new(self.scope.clone(), request)),
            Err(refusal) => Err(refusal),
        };
        pages(&self.shared, "read log", cursor, log_page)
    }

    fn read_stream(&self, request: StreamRead) -> PageStream {
        let cursor = self.tenant().map(|tenant| StreamCursor::new(tenant.clone(), request));
        pages(&self.shared, "read stream", cursor, stream_page)
    }

    async fn head(&self) -> Result<Position, StoreError> {
        const OPERATION: &str = "read head";
        let failed = |failure: Failure| failure.into_store_error(OPERATION);
        let rows = self.shared.readers.query(&self.shared.sql.head, &[]).await.map_err(failed)?;
        let row = rows.first().ok_or_else(|| failed(no_row("the head")))?;
        Ok(Position::new(row.get::<_, i64>(0).cast_unsigned()))
    }

    fn watch(&self) -> HeadWatch {
        let watch = self.shared.head.watch();
        self.shared.watched.notify_one();
        watch
    }
}

/// A command that was known when it was judged and forgotten when its answer was looked up.
fn just_expired() -> StoreError {
    let message =
        "expected the stored answer of the command, found it expired just now; send it again";
    StoreError::new(StoreErrorKind::Unavailable, "append", message)
}
