//! Walks, a view of them in tables, and the stores that it is shown on.

#![allow(dead_code, unreachable_pub, reason = "each test uses a part")]
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use factum::SubscriptionSettings;
use factum::prelude::*;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

#[derive(Event, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[factum(context = "walk")]
pub enum Walk {
    Stepped { by: u64 },
    Rested,
}

/// Steps and rests per walk, and the id of every event that was handled: a second time is an error.
#[derive(Debug, Default)]
pub struct Sums;

impl Projection for Sums {
    const NAME: &'static str = "sums";
    const MIGRATIONS: &'static [ViewMigration] = &[
        ViewMigration::new(
            "sums",
            "CREATE TABLE sums (walk TEXT PRIMARY KEY, steps BIGINT NOT NULL, rests BIGINT NOT NULL)",
        ),
        ViewMigration::new("handled", "CREATE TABLE handled (id TEXT PRIMARY KEY)"),
    ];

    fn handlers(on: ProjectionHandlers<Self>) -> ProjectionHandlers<Self> {
        on.events::<Walk>()
    }

    async fn reset(&self, _: Position, view: &mut dyn ViewTransaction) -> Result<(), HandlerError> {
        view.run("DELETE FROM sums", &[]).await?;
        Ok(view.run("DELETE FROM handled", &[]).await?)
    }
}

pub const ADD: &str = "INSERT INTO sums (walk, steps, rests) VALUES ($1, $2, $3) \
     ON CONFLICT (walk) DO UPDATE SET steps = sums.steps + excluded.steps, \
     rests = sums.rests + excluded.rests";

impl Project<Walk> for Sums {
    async fn project(
        &self,
        walk: Walk,
        recorded: &RecordedEvent,
        view: &mut dyn ViewTransaction,
    ) -> Result<(), HandlerError> {
        let (steps, rests) = match walk {
            Walk::Stepped { by: 13 } => return Err(HandlerError::new("13 is unlucky")),
            Walk::Stepped { by: 66 } => panic!("66 panics"),
            Walk::Stepped { by } => (by, 0_u64),
            Walk::Rested => (0, 1),
        };
        let id = recorded.id.to_string();
        view.run("INSERT INTO handled (id) VALUES ($1)", &[id.into()]).await?;
        Ok(view.run(ADD, &[recorded.stream.id().into(), steps.into(), rests.into()]).await?)
    }
}

/// Steps and rests by walk.
pub type Rows = BTreeMap<String, (u64, u64)>;

/// What the view says.
pub async fn rows(store: &SharedStore) -> Rows {
    let rows = store.query_view("SELECT walk, steps, rests FROM sums", &[]).await.unwrap();
    rows.iter()
        .map(|row| (row.get(0).unwrap(), (row.get(1).unwrap(), row.get(2).unwrap())))
        .collect()
}

/// What the log says, up to `through`.
pub async fn fold(log: &SharedStore, through: Option<Position>) -> Rows {
    let mut rows = Rows::new();
    let registry = Registry::of::<Walk>().unwrap();
    for event in log.collect(LogRead { through, ..LogRead::default() }).await.unwrap() {
        let row = rows.entry(event.stream.id().to_owned()).or_default();
        registry
            .decode(&event, |walk| match walk {
                Walk::Stepped { by } => row.0 += by,
                Walk::Rested => row.1 += 1,
            })
            .unwrap();
    }
    rows
}

pub async fn step(store: &SharedStore, walk: impl std::fmt::Display, by: &[u64]) -> Position {
    let events = by.iter().map(|by| stored(&Walk::Stepped { by: *by }));
    append(store, walk, events.collect()).await.unwrap()
}

pub async fn append(
    store: &SharedStore,
    walk: impl std::fmt::Display,
    events: Vec<NewEvent>,
) -> Result<Position, AppendError> {
    let stream: StreamId = format!("walk/{walk}").parse().unwrap();
    let request = AppendRequest::default().stream(stream, Expected::Any, events);
    Ok(store.append(request).await?.last)
}

pub fn stored(walk: &Walk) -> NewEvent {
    let mut payload = Vec::new();
    walk.encode(&mut payload).unwrap();
    let spec = walk.spec();
    NewEvent::new(RandomIds.next_id(), spec.event_type().clone(), spec.codec(), payload)
}

pub fn settings() -> SubscriptionSettings {
    let usual = SubscriptionSettings::default();
    SubscriptionSettings { beat_ms: 20, standby_ms: 5, lease_ms: 300, ..usual }
}

/// The view in the log's own database.
pub fn sums(store: &SharedStore) -> Subscription {
    let projection = ViewProjection::new(Sums).unwrap();
    Subscription::project(Arc::clone(store), projection)
        .with_settings(settings())
        .on_failure(FailurePolicy::new(OnFailure::Park).retried(Retry::NEVER))
}

pub async fn in_time<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_mins(3), what).await.expect("it ends")
}

/// Where stores live that views are shown on; gone with it.
#[derive(Debug)]
pub struct Place {
    pub name: String,
    base: Base,
    made: AtomicU64,
}

#[derive(Debug)]
enum Base {
    Sqlite(TempDir),
    #[cfg(feature = "postgres")]
    Postgres(Box<factum_testkit::servers::TestPostgres>),
}

impl Place {
    pub fn sqlite() -> Self {
        let folder = TempDir::with_prefix("factum-").unwrap();
        Self { name: "sqlite".into(), base: Base::Sqlite(folder), made: AtomicU64::new(0) }
    }

    /// Every kind of store with views that can be had here.
    pub fn all() -> Vec<Self> {
        #[allow(unused_mut, reason = "with postgres there are more")]
        let mut places = vec![Self::sqlite()];
        #[cfg(feature = "postgres")]
        {
            use factum_testkit::servers::{PostgresOptions, postgres_under_test};
            let servers = postgres_under_test(&PostgresOptions::default()).unwrap();
            // The newest is enough here: the suite of the store runs on all of them.
            places.extend(servers.into_iter().next_back().map(|server| Self {
                name: server.name(),
                base: Base::Postgres(Box::new(server)),
                made: AtomicU64::new(0),
            }));
        }
        places
    }

    /// The address of a store that is not there yet, in a database of its own. It may be opened by
    /// other processes too.
    pub fn new_url(&self) -> String {
        let number = self.made.fetch_add(1, Ordering::SeqCst);
        match &self.base {
            Base::Sqlite(folder) => {
                format!("sqlite:{}", folder.path().join(format!("{number}.db")).display())
            }
            #[cfg(feature = "postgres")]
            Base::Postgres(server) => {
                let unique = format!("v{}_{number}", std::process::id());
                new_database(&server.url(), &unique)
            }
        }
    }

    /// A new store.
    pub async fn open(&self) -> SharedStore {
        factum::connect(self.new_url()).await.unwrap()
    }

    #[cfg(feature = "postgres")]
    pub fn server(&self) -> Option<&factum_testkit::servers::PostgresServer> {
        match &self.base {
            Base::Sqlite(_) => None,
            Base::Postgres(server) => server.server(),
        }
    }
}

/// Makes a database on the server of `url`, and gives its address.
#[cfg(feature = "postgres")]
fn new_database(url: &str, name: &str) -> String {
    let made = {
        let (url, name) = (url.to_owned(), name.to_owned());
        std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let (client, connection) =
                    factum::tokio_postgres::connect(&url, factum::tokio_postgres::NoTls).await?;
                tokio::spawn(connection);
                client.batch_execute(&format!("CREATE DATABASE {name}")).await
            })
        })
    };
    made.join().unwrap().unwrap();
    let (before, query) = url
        .split_once('?')
        .map_or((url, String::new()), |(before, query)| (before, format!("?{query}")));
    let (server, _) = before.rsplit_once('/').unwrap();
    format!("{server}/{name}{query}")
}
