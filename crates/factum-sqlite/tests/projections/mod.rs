//! Tills, a view of what was paid into them, and what breaks it on purpose.

#![allow(unreachable_pub, reason = "it is a part of one test")]

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use factum_core::codec::{self, DecodeError, EncodeError, Payload};
use factum_core::{
    Codec, Event, EventSpec, Facts, HandlerError, InvalidName, Position, Project, Projection,
    ProjectionHandlers, RecordedEvent, SharedStore, Upcasters, ViewMigration, ViewProjection,
    ViewTransaction,
};
use factum_sqlite::{SqliteStore, SqliteStoreConfig};
use factum_testkit::{GivenLog, ProjectionSpec, given_log};
use futures::FutureExt;
use tempfile::TempDir;

pub type Done = Result<(), HandlerError>;

#[derive(Clone, Debug, PartialEq)]
pub enum Till {
    Paid { amount: u64 },
    Named { name: String },
}

static TILL: [EventSpec; 2] = [
    EventSpec::new("till.paid", 1, Codec::Json, "Till::Paid"),
    EventSpec::new("till.named", 1, Codec::Json, "Till::Named"),
];

impl Event for Till {
    fn specs() -> Vec<&'static EventSpec> {
        TILL.iter().collect()
    }

    fn find(event_type: &str) -> Option<&'static EventSpec> {
        TILL.iter().find(|it| it.event_type().as_str() == event_type)
    }

    fn spec(&self) -> &'static EventSpec {
        &TILL[usize::from(matches!(self, Self::Named { .. }))]
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match self {
            Self::Paid { amount } => codec::encode_value(amount, Codec::Json, out),
            Self::Named { name } => codec::encode_value(name, Codec::Json, out),
        }
    }

    fn decode(event_type: &str, payload: Payload<'_>) -> Result<Self, DecodeError> {
        match event_type {
            "till.paid" => Ok(Self::Paid { amount: payload.value()? }),
            _ => Ok(Self::Named { name: payload.value()? }),
        }
    }

    fn facts(&self, facts: &mut Facts) -> Result<(), InvalidName> {
        match self {
            Self::Paid { .. } => Ok(()),
            Self::Named { name } => facts.take("till", name),
        }
    }

    fn upcasters() -> Upcasters {
        Upcasters::default()
    }
}

pub fn paid(amount: u64) -> Till {
    Till::Paid { amount }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Cancelled;

static CANCELLED: EventSpec = EventSpec::new("undo.cancelled", 1, Codec::Json, "Cancelled");

impl Event for Cancelled {
    fn specs() -> Vec<&'static EventSpec> {
        vec![&CANCELLED]
    }

    fn find(event_type: &str) -> Option<&'static EventSpec> {
        (event_type == CANCELLED.event_type().as_str()).then_some(&CANCELLED)
    }

    fn spec(&self) -> &'static EventSpec {
        &CANCELLED
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::encode_nothing(Codec::Json, out)
    }

    fn decode(_: &str, payload: Payload<'_>) -> Result<Self, DecodeError> {
        payload.nothing().map(|()| Self)
    }

    fn facts(&self, _: &mut Facts) -> Result<(), InvalidName> {
        Ok(())
    }

    fn upcasters() -> Upcasters {
        Upcasters::default()
    }
}

/// Seven payments into three tills, 127 in all.
pub fn log() -> GivenLog {
    let log = given_log().events("till/a", [paid(1), paid(2)]).events("till/b", [paid(4)]);
    let log = log.events("till/a", [paid(8)]).events("till/c", [paid(16), paid(32)]);
    log.events("till/b", [paid(64)])
}

pub const TABLES: &[ViewMigration] = &[
    ViewMigration::new(
        "balances",
        "CREATE TABLE balances (account TEXT NOT NULL PRIMARY KEY, amount BIGINT NOT NULL)",
    ),
    ViewMigration::new("seen", "CREATE TABLE seen (id TEXT PRIMARY KEY)"),
];

pub const ADD: &str = "INSERT INTO balances (account, amount) VALUES ($1, $2) \
     ON CONFLICT (account) DO UPDATE SET amount = balances.amount + excluded.amount";

pub const WATCHED: &str = "SELECT account, amount FROM balances ORDER BY account";

/// What was paid, till by till. 13 is refused; 66 panics and 99 breaks a rule of the table, both
/// after the view was changed.
pub struct Balances;

impl Projection for Balances {
    const NAME: &'static str = "balances";
    const MIGRATIONS: &'static [ViewMigration] = TABLES;

    fn handlers(on: ProjectionHandlers<Self>) -> ProjectionHandlers<Self> {
        on.events::<Till>()
    }

    async fn reset(&self, _: Position, view: &mut dyn ViewTransaction) -> Done {
        Ok(view.run("DELETE FROM balances", &[]).await?)
    }
}

impl Project<Till> for Balances {
    async fn project(
        &self,
        event: Till,
        recorded: &RecordedEvent,
        view: &mut dyn ViewTransaction,
    ) -> Done {
        let Till::Paid { amount } = event else { return Ok(()) };
        if amount == 13 {
            return Err(HandlerError::new("13 is unlucky"));
        }
        view.run(ADD, &[recorded.stream.id().into(), amount.into()]).await?;
        assert!(amount != 66, "66 panics");
        if amount == 99 {
            view.run("INSERT INTO balances VALUES (NULL, 99)", &[]).await?;
        }
        Ok(())
    }
}

/// What a projection with the same tables does.
pub trait Handlers: Send + Sync + 'static {
    fn paid(
        &self,
        amount: u64,
        event: &RecordedEvent,
        view: &mut dyn ViewTransaction,
    ) -> impl Future<Output = Done> + Send;

    fn cancelled(&self, _: &mut dyn ViewTransaction) -> impl Future<Output = Done> + Send {
        async { Ok(()) }
    }

    fn empty(&self, view: &mut dyn ViewTransaction) -> impl Future<Output = Done> + Send {
        async { Ok(view.batch("DELETE FROM balances; DELETE FROM seen").await?) }
    }
}

pub struct Sabotaged<H>(pub H);

impl<H: Handlers> Projection for Sabotaged<H> {
    const NAME: &'static str = "sabotaged";
    const MIGRATIONS: &'static [ViewMigration] = TABLES;

    fn handlers(on: ProjectionHandlers<Self>) -> ProjectionHandlers<Self> {
        on.events::<Till>().events::<Cancelled>()
    }

    async fn reset(&self, _: Position, view: &mut dyn ViewTransaction) -> Done {
        self.0.empty(view).await
    }
}

impl<H: Handlers> Project<Till> for Sabotaged<H> {
    async fn project(
        &self,
        event: Till,
        recorded: &RecordedEvent,
        view: &mut dyn ViewTransaction,
    ) -> Done {
        match event {
            Till::Paid { amount } => self.0.paid(amount, recorded, view).await,
            Till::Named { .. } => Ok(()),
        }
    }
}

impl<H: Handlers> Project<Cancelled> for Sabotaged<H> {
    async fn project(
        &self,
        _: Cancelled,
        _: &RecordedEvent,
        view: &mut dyn ViewTransaction,
    ) -> Done {
        self.0.cancelled(view).await
    }
}

/// New stores, gone with it.
pub struct Stores {
    folder: TempDir,
    made: AtomicU64,
}

impl Stores {
    pub fn new() -> Self {
        let folder = TempDir::with_prefix("factum-").expect("a folder can be made");
        Self { folder, made: AtomicU64::new(0) }
    }

    pub async fn fresh(&self) -> SharedStore {
        let name = format!("{}.db", self.made.fetch_add(1, Ordering::SeqCst));
        let usual = SqliteStoreConfig::new(self.folder.path().join(name));
        let config = SqliteStoreConfig { unsafe_no_flush: true, ..usual };
        Arc::new(SqliteStore::open(config).await.expect("the store opens"))
    }
}

/// What is said of a projection that has to be found out.
pub async fn found<H: Handlers>(handlers: impl Fn() -> H, log: GivenLog) -> String {
    let stores = Stores::new();
    let make = || ViewProjection::new(Sabotaged(handlers()));
    let spec = ProjectionSpec::new(make, log).watching(WATCHED);
    failure(spec.check(async || stores.fresh().await)).await
}

/// What a test that has to fail says.
pub async fn failure<T>(test: impl Future<Output = T>) -> String {
    let done = AssertUnwindSafe(test.map(drop)).catch_unwind().await;
    match done.expect_err("the test has to fail").downcast::<String>() {
        Ok(said) => *said,
        Err(said) => (*said.downcast::<&str>().expect("tests say text")).to_owned(),
    }
}

#[track_caller]
pub fn says(said: &str, parts: &[&str]) {
    for part in parts {
        assert!(said.contains(part), "expected {part:?} to be said, found:\n{said}");
    }
}
