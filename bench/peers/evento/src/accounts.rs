//! The bank on evento: its `load`, then `save_with` and `commit`. Both use snapshots, always: a
//! commit writes one after the events, in a transaction of its own. So the work is done twice, once
//! through an executor that keeps no snapshots, as the other peers do it, and once as evento has it.

use std::collections::HashSet;
use std::pin::Pin;
use std::time::Instant;

use evento::cursor::{Args, ReadResult, Value};
use evento::{
    AcknowledgeError, Aggregator, AggregatorName, Event, Executor, ReadError, RoutingKey, Sqlite,
    SubscribeError, WriteError,
};
use ulid::Ulid;

use crate::bank::{self, Command, TEXT};
use crate::work::{CALLERS, Result, Work, report};

const ONE_SNAPSHOTS: &str = "bank, one task, own way";
const MANY_SNAPSHOTS: &str = "bank, 64 tasks, own way";
const DURABLE: &str = "SQLite WAL, FULL: one flush per command; snapshots kept away";
const DURABLE_SNAPSHOTS: &str = "SQLite WAL, FULL: two flushes per command, one for a snapshot";

#[derive(bincode::Encode, bincode::Decode)]
struct Deposited {
    amount: u64,
    text: String,
}

#[derive(bincode::Encode, bincode::Decode)]
struct Withdrawn {
    amount: u64,
}

#[derive(Default, Clone, Debug, bincode::Encode, bincode::Decode)]
struct Account {
    balance: u64,
}

impl AggregatorName for Deposited {
    fn name() -> &'static str {
        "Deposited"
    }
}

impl AggregatorName for Withdrawn {
    fn name() -> &'static str {
        "Withdrawn"
    }
}

impl AggregatorName for Account {
    fn name() -> &'static str {
        "account"
    }
}

/// What its macro would make of two handlers.
impl Aggregator for Account {
    fn aggregate<'async_trait>(
        &'async_trait mut self,
        event: &'async_trait Event,
    ) -> Pin<Box<dyn Future<Output = anyhow::Result<()>> + Send + 'async_trait>>
    where
        Self: Sync + 'async_trait,
    {
        Box::pin(async move {
            if let Some(event) = event.to_details::<Deposited, bool>()? {
                self.balance += event.data.amount;
            } else if let Some(event) = event.to_details::<Withdrawn, bool>()? {
                self.balance -= event.data.amount;
            }
            Ok(())
        })
    }

    fn revision() -> &'static str {
        "1"
    }
}

pub async fn run(work: &Work) -> Result<()> {
    for (name, durable, own) in
        [(bank::ONE, DURABLE, false), (ONE_SNAPSHOTS, DURABLE_SNAPSHOTS, true)]
    {
        if !work.wanted(name) {
            continue;
        }
        let store = Store { sqlite: crate::open(&work.folder(name)?).await?, snapshots: own };
        let start = Instant::now();
        for number in 0..work.singles() {
            execute(&store, bank::account_of_one(number), Command::number(number)).await?;
        }
        report(name, work.singles(), start, durable);
    }
    for (name, durable, own) in
        [(bank::MANY, DURABLE, false), (MANY_SNAPSHOTS, DURABLE_SNAPSHOTS, true)]
    {
        if work.wanted(name) {
            many(work, name, durable, own).await?;
        }
    }
    Ok(())
}

/// evento leaves it to its caller to try again after a conflict.
async fn execute(store: &Store, id: String, command: Command) -> Result<()> {
    loop {
        let loaded = evento::load_optional::<Account, _>(store, id.as_str()).await?;
        let balance = loaded.as_ref().map_or(0, |it| it.item.balance);
        let unit = match loaded {
            Some(loaded) => evento::save_with(loaded),
            None => evento::create_with::<Account>(id.as_str()),
        };
        let unit = match command {
            Command::Deposit(amount) => unit.data(&Deposited { amount, text: TEXT.into() })?,
            Command::Withdraw(amount) if amount <= balance => unit.data(&Withdrawn { amount })?,
            Command::Withdraw(_) => return Err("too little".into()),
        };
        match unit.metadata(&true)?.commit(store).await {
            Err(WriteError::InvalidOriginalVersion) => {}
            done => return Ok(done.map(drop)?),
        }
    }
}

async fn many(work: &Work, name: &str, durable: &str, snapshots: bool) -> Result<()> {
    let store = Store { sqlite: crate::open(&work.folder(name)?).await?, snapshots };
    for (accounts, version) in bank::fills() {
        store.write(accounts.map(|it| filling(it, version)).collect::<Result<_>>()?).await?;
    }
    let each = work.each();
    let start = Instant::now();
    let mut callers = tokio::task::JoinSet::new();
    for caller in 0..CALLERS {
        let store = store.clone();
        callers.spawn(async move {
            for number in caller * each..(caller + 1) * each {
                execute(&store, bank::account_of_many(number), Command::number(number)).await?;
            }
            Result::Ok(())
        });
    }
    while let Some(done) = callers.join_next().await {
        done??;
    }
    report(name, CALLERS * each, start, durable);
    Ok(())
}

fn filling(account: u64, version: u64) -> Result<Event> {
    let config = bincode::config::standard();
    let event = Deposited { amount: bank::FILL_AMOUNT, text: TEXT.into() };
    Ok(Event {
        id: Ulid::new(),
        aggregator_id: account.to_string(),
        aggregator_type: Account::name().into(),
        version: i32::try_from(version)?,
        name: Deposited::name().into(),
        data: bincode::encode_to_vec(&event, config)?,
        metadata: bincode::encode_to_vec(true, config)?,
        timestamp: 1_700_000_000 + version,
        ..Event::default()
    })
}

/// The store, with snapshots or as if it had none.
#[derive(Clone)]
struct Store {
    sqlite: Sqlite,
    snapshots: bool,
}

#[async_trait::async_trait]
impl Executor for Store {
    async fn write(&self, events: Vec<Event>) -> std::result::Result<(), WriteError> {
        self.sqlite.write(events).await
    }

    async fn get_event(&self, cursor: Value) -> std::result::Result<Event, ReadError> {
        self.sqlite.get_event(cursor).await
    }

    async fn read_by_aggregator(
        &self,
        aggregator_type: String,
        id: String,
        args: Args,
    ) -> std::result::Result<ReadResult<Event>, ReadError> {
        self.sqlite.read_by_aggregator(aggregator_type, id, args).await
    }

    async fn read(
        &self,
        aggregator_types: HashSet<String>,
        routing_key: RoutingKey,
        args: Args,
    ) -> std::result::Result<ReadResult<Event>, ReadError> {
        self.sqlite.read(aggregator_types, routing_key, args).await
    }

    async fn get_subscriber_cursor(
        &self,
        key: String,
    ) -> std::result::Result<Option<Value>, SubscribeError> {
        self.sqlite.get_subscriber_cursor(key).await
    }

    async fn is_subscriber_running(
        &self,
        key: String,
        worker_id: Ulid,
    ) -> std::result::Result<bool, SubscribeError> {
        self.sqlite.is_subscriber_running(key, worker_id).await
    }

    async fn upsert_subscriber(
        &self,
        key: String,
        worker_id: Ulid,
    ) -> std::result::Result<(), SubscribeError> {
        self.sqlite.upsert_subscriber(key, worker_id).await
    }

    async fn get_snapshot(
        &self,
        aggregator_type: String,
        aggregator_revision: String,
        id: String,
    ) -> std::result::Result<Option<(Vec<u8>, Value)>, ReadError> {
        if !self.snapshots {
            return Ok(None);
        }
        self.sqlite.get_snapshot(aggregator_type, aggregator_revision, id).await
    }

    async fn save_snapshot(
        &self,
        aggregator_type: String,
        aggregator_revision: String,
        id: String,
        data: Vec<u8>,
        cursor: Value,
    ) -> std::result::Result<(), WriteError> {
        if !self.snapshots {
            return Ok(());
        }
        self.sqlite.save_snapshot(aggregator_type, aggregator_revision, id, data, cursor).await
    }

    async fn acknowledge(
        &self,
        key: String,
        cursor: Value,
        lag: u64,
    ) -> std::result::Result<(), AcknowledgeError> {
        self.sqlite.acknowledge(key, cursor, lag).await
    }
}
