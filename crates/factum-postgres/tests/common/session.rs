//! Connections of the test's own, beside those of the store.

use tokio::task::JoinHandle;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Error, NoTls};

use super::{Place, until};

/// A connection, and its process on the server.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) client: Client,
    pub(crate) pid: i32,
    connection: JoinHandle<()>,
}

impl Session {
    pub(crate) async fn connect(place: &Place) -> Self {
        Self::try_connect(place).await.expect("the server lets us in")
    }

    pub(crate) async fn try_connect(place: &Place) -> Result<Self, Error> {
        let mut config: tokio_postgres::Config = place.url.parse().expect("a valid address");
        config.application_name("test");
        let (client, connection) = config.connect(NoTls).await?;
        let connection = tokio::spawn(async move {
            drop(connection.await); // A connection that breaks is told to whoever uses it.
        });
        let row = client.query_one("SELECT pg_backend_pid()", &[]).await?;
        Ok(Self { pid: row.get(0), client, connection })
    }

    /// Breaks the connection without a word to the server, as a machine does that loses its power.
    pub(crate) fn disconnect(self) {
        self.connection.abort();
    }

    /// What does so when the session is in use.
    pub(crate) fn breaker(&self) -> tokio::task::AbortHandle {
        self.connection.abort_handle()
    }

    /// The first column of every row.
    async fn numbers(&self, sql: &str, pids: &[i32]) -> Vec<i32> {
        let binds: Vec<_> = pids.iter().map(|pid| (pid as _, Type::INT4)).collect();
        let rows = self.client.query_typed(sql, &binds).await.expect("the server answers");
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// The sessions that wait for a lock behind session `holder`.
    pub(crate) async fn blocked_by(&self, holder: i32) -> Vec<i32> {
        let sql = "SELECT pid FROM pg_stat_activity \
                   WHERE wait_event_type = 'Lock' AND $1 = ANY (pg_blocking_pids(pid)) ORDER BY pid";
        self.numbers(sql, &[holder]).await
    }

    /// Waits until a session waits for a lock behind `holder`; which one.
    pub(crate) async fn until_one_is_blocked_by(&self, holder: i32) -> i32 {
        until("a session that waits", async || self.blocked_by(holder).await.first().copied()).await
    }

    /// Waits until session `pid` waits for a lock behind session `holder`.
    pub(crate) async fn until_blocked(&self, pid: i32, holder: i32) {
        let sql = "SELECT 1 WHERE $1 = ANY (pg_blocking_pids($2))";
        let found = async || self.numbers(sql, &[holder, pid]).await.pop();
        until("the session to wait", found).await;
    }

    /// Ends a session as an operator does, and waits until it is gone.
    pub(crate) async fn terminate(&self, pid: i32) {
        self.numbers("SELECT pg_terminate_backend($1)::integer", &[pid]).await;
        self.until_gone(pid).await;
    }

    pub(crate) async fn until_gone(&self, pid: i32) {
        let sql = "SELECT pid FROM pg_stat_activity WHERE pid = $1";
        let gone = async || self.numbers(sql, &[pid]).await.is_empty().then_some(());
        until("the session to end", gone).await;
    }

    /// Interrupts the statement that a session runs.
    pub(crate) async fn cancel(&self, pid: i32) {
        self.numbers("SELECT pg_cancel_backend($1)::integer", &[pid]).await;
    }

    /// The sessions that stores in this place have appended on last.
    pub(crate) async fn writers(&self, place: &Place) -> Vec<i32> {
        let sql = "SELECT pid FROM pg_stat_activity WHERE application_name = 'factum' \
                   AND query LIKE '%' || $1 || '.append(%' ORDER BY pid";
        let schema = format!("\"{}\"", place.schema);
        let rows = self.client.query(sql, &[&schema]).await.expect("the server answers");
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// Ends the sessions of stores in this place that have read or written there last.
    pub(crate) async fn terminate_stores(&self, place: &Place) {
        let sql = "SELECT pid FROM pg_stat_activity WHERE application_name = 'factum' \
                   AND (query LIKE '%' || $1 || '.%' OR query = 'LISTEN \"factum:' || $2 || '\"')";
        let quoted = format!("\"{}\"", place.schema);
        let rows = self.client.query(sql, &[&quoted, &place.schema]).await;
        for row in rows.expect("the server answers") {
            self.terminate(row.get(0)).await;
        }
    }
}
