//! The PostgreSQL server that rows are measured on, and the schemas in it.

pub mod raw;

use factum_postgres::{PostgresStore, PostgresStoreConfig};
use factum_testkit::servers::{NO_POSTGRES, PostgresInstall, PostgresOptions, PostgresServer};
use tokio_postgres::{Client, NoTls};

use crate::measure::Result;
use crate::work::{Events, STREAMS};

/// A server with its data on a disk and its settings as they come, which flush each commit.
#[derive(Debug)]
pub struct Postgres {
    server: PostgresServer,
    next: std::cell::Cell<u32>,
}

impl Postgres {
    /// Starts the newest one that is installed, or says why none runs.
    pub fn start() -> std::result::Result<Self, String> {
        let install = PostgresInstall::newest().ok_or(NO_POSTGRES)?;
        let options = PostgresOptions { durable: true, ..PostgresOptions::default() };
        let server = PostgresServer::start(&install, &options)
            .map_err(|error| format!("{NO_POSTGRES} ({install} does not start: {error})"))?;
        Ok(Self { server, next: std::cell::Cell::new(0) })
    }

    /// Says which server it is.
    pub fn print(&self, json: bool) {
        let install = self.server.install().to_string();
        if json {
            println!("{}", serde_json::json!({ "postgres": install }));
        } else {
            println!("{install}, its default settings, fsync on");
        }
    }

    pub fn url(&self) -> String {
        self.server.url("postgres")
    }

    /// A name for a schema that does not exist yet.
    pub fn schema(&self) -> String {
        self.next.set(self.next.get() + 1);
        format!("bench_{}", self.next.get())
    }

    /// A store in a new schema.
    pub async fn store(&self) -> Result<(String, PostgresStore)> {
        let schema = self.schema();
        let store = open(&self.url(), &schema).await?;
        Ok((schema, store))
    }

    /// A store whose streams and tags are known already: one event in each.
    pub async fn begun_store(&self) -> Result<(String, PostgresStore)> {
        let (schema, store) = self.store().await?;
        store_batch(&store, &Events::new(), 0, STREAMS).await?;
        Ok((schema, store))
    }

    /// A connection of the raw driver.
    pub async fn connect(&self) -> Result<Client> {
        connect(&self.url()).await
    }

    /// Makes an empty database. Returns its URL.
    pub async fn create_database(&self, name: &str) -> Result<String> {
        let create = format!("CREATE DATABASE {name}");
        self.connect().await?.batch_execute(&create).await?;
        Ok(self.server.url(name))
    }

    /// Gives the space of a database back, and writes down what is in memory.
    pub async fn drop_database(&self, name: &str) -> Result<()> {
        let drop = format!("DROP DATABASE {name} WITH (FORCE)");
        self.connect().await?.batch_execute(&drop).await?;
        self.settle().await
    }

    /// Gives the space of a schema back.
    pub async fn discard(&self, schema: &str) -> Result<()> {
        let drop = format!("DROP SCHEMA {schema} CASCADE");
        Ok(self.connect().await?.batch_execute(&drop).await?)
    }

    /// Writes down what is in memory, so that it is not written in the middle of what is measured
    /// next.
    pub async fn settle(&self) -> Result<()> {
        Ok(self.connect().await?.batch_execute("CHECKPOINT").await?)
    }
}

pub async fn open(url: &str, schema: &str) -> Result<PostgresStore> {
    let config = PostgresStoreConfig { schema: schema.into(), ..PostgresStoreConfig::new(url) };
    Ok(PostgresStore::open(config).await?)
}

/// A connection of the raw driver, driven by a task.
pub async fn connect(url: &str) -> Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// Appends `batch` events from number `first` in one request.
pub async fn store_batch(
    store: &PostgresStore,
    events: &Events,
    first: u64,
    batch: u64,
) -> Result<()> {
    factum_core::EventStore::append(store, events.batch(first, batch)).await?;
    Ok(())
}
