//! Hearing of other processes' appends.
//!
//! ```text
//! nobody watches -> asleep
//! a watch        -> connect, LISTEN, send a word to ourselves through the pool
//!                     | it arrives: the server tells of appends, and every few seconds the head
//!                     |   is asked for all the same; connection lost -> pause, begin again
//!                     | it does not: a pooler stands in between -> ask for the head at intervals,
//!                     |   and try to listen again now and then
//! ```
//!
//! What is heard is a hint: the head that is published comes from the log or from the append's own
//! transaction, and after every new connection the head is read before anything is waited for.

use std::sync::{Arc, Weak};
use std::time::Duration;

use factum_core::{HeadSignal, Position};
use tokio::sync::{Notify, mpsc};
use tokio_postgres::types::Type;
use tokio_postgres::{AsyncMessage, Client};

use crate::PostgresStoreConfig;
use crate::config::CHECK_EVERY_MS;
use crate::connection::{Bind, Connector};
use crate::error::Failure;
use crate::pool::Readers;
use crate::sql::{Schema, Sql};

/// How often the head is asked for while the server tells of appends: bounds how late a watch wakes
/// for a hint that was lost, and notices a connection that died without a word.
const CHECK_EVERY: Duration = Duration::from_millis(CHECK_EVERY_MS);
/// How long a word to ourselves may take before the server is taken for one that does not tell.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);
/// How long to ask for the head before trying to listen again.
const POLL_FOR: Duration = Duration::from_mins(1);
/// The first pause after a lost connection; each further one doubles it.
const PAUSE_MIN: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// What the listening task owns.
pub(crate) struct Listener {
    pub(crate) connector: Connector,
    pub(crate) readers: Readers,
    pub(crate) sql: Arc<Sql>,
    pub(crate) schema: Schema,
    pub(crate) config: PostgresStoreConfig,
    /// Gone once the store is closed.
    pub(crate) head: Weak<HeadSignal>,
    /// Told when a watch begins.
    pub(crate) watched: Arc<Notify>,
}

/// How listening ended, other than with the store.
enum Ended {
    /// The connection was lost, or could not be made.
    Lost,
    /// The server does not tell, or the connection is not one of our own.
    Untold,
    /// Nobody watches any longer, or the store is closed.
    Unwatched,
}

impl Listener {
    /// Publishes the head until the store is closed.
    pub(crate) async fn serve(self) {
        let mut pause = PAUSE_MIN;
        while let Some(head) = self.head.upgrade() {
            let watched = self.watched.notified();
            if head.watchers() == 0 {
                drop(head);
                // Looks up now and then, so that the task of a closed store ends.
                let _ = tokio::time::timeout(CHECK_EVERY, watched).await;
                continue;
            }
            drop(head);
            let ended =
                if self.config.notify { self.listen(&mut pause).await } else { Ended::Untold };
            match ended {
                Ended::Unwatched => {}
                Ended::Untold => self.poll(POLL_FOR).await,
                Ended::Lost => {
                    self.poll(pause).await;
                    pause = (pause * 2).min(PAUSE_MAX);
                }
            }
        }
    }

    /// Listens until that comes to an end.
    async fn listen(&self, pause: &mut Duration) -> Ended {
        let (heard, mut hints) = mpsc::unbounded_channel();
        let channel = self.schema.channel();
        let own = channel.clone();
        let hear = move |message| {
            if let AsyncMessage::Notification(note) = message
                && note.channel() == own
            {
                let _ = heard.send(note.payload().to_owned()); // Fails once nobody listens.
            }
        };
        let connecting = async {
            let client = self.connector.connect_hearing(hear).await?;
            // The channel is made of a checked name; LISTEN takes no parameter.
            client.batch_execute(&format!("LISTEN \"{channel}\"")).await?;
            Ok(client)
        };
        let client = match self.connector.in_time(connecting).await {
            Ok(client) => client,
            // A standby takes no LISTEN, and goes on taking none.
            Err(failure) if failure.is_final() => return Ended::Untold,
            Err(_) => return Ended::Lost,
        };
        match self.probe(&channel, &mut hints).await {
            Ok(true) => {}
            Ok(false) => {
                tracing::info!(
                    "the server does not tell of appends, the head is asked for instead"
                );
                return Ended::Untold;
            }
            Err(_) => return Ended::Lost,
        }
        *pause = PAUSE_MIN;
        loop {
            if self.read_head(&client).await.is_err() {
                return Ended::Lost;
            }
            // From here a hint is enough, until it is time to look again.
            let look_again = tokio::time::sleep(CHECK_EVERY);
            tokio::pin!(look_again);
            loop {
                tokio::select! {
                    hint = hints.recv() => match hint {
                        Some(hint) if self.knows(&hint) => {}
                        // Anyone may send a word: what is published is what the log says.
                        Some(_) => break,
                        None => return Ended::Lost,
                    },
                    () = &mut look_again => break,
                }
            }
            if self.head.upgrade().is_none_or(|head| head.watchers() == 0) {
                return Ended::Unwatched;
            }
        }
    }

    /// Whether what is told on another connection is heard here.
    async fn probe(
        &self,
        channel: &str,
        hints: &mut mpsc::UnboundedReceiver<String>,
    ) -> Result<bool, Failure> {
        let word = format!("probe {}", uuid::Uuid::now_v7());
        let binds: [Bind<'_>; 2] = [(&channel, Type::TEXT), (&word, Type::TEXT)];
        self.readers.query_once("SELECT pg_notify($1, $2)::text", &binds).await?;
        let arrived = async {
            while let Some(hint) = hints.recv().await {
                if hint == word {
                    return true;
                }
            }
            false
        };
        Ok(tokio::time::timeout(PROBE_TIMEOUT, arrived).await.unwrap_or(false))
    }

    /// Whether a hint tells nothing new, as after an append of our own.
    fn knows(&self, hint: &str) -> bool {
        let last = self.head.upgrade().map(|head| head.last());
        hint.parse().is_ok_and(|position| last.is_some_and(|last| Position::new(position) <= last))
    }

    async fn read_head(&self, client: &Client) -> Result<(), Failure> {
        let asking = client.query_typed(&self.sql.head, &[]);
        let answer = tokio::time::timeout(CHECK_EVERY, asking).await;
        let rows = answer.map_err(|_| Failure::NoAnswer(CHECK_EVERY))??;
        self.publish_row(rows.first());
        Ok(())
    }

    fn publish_row(&self, row: Option<&tokio_postgres::Row>) {
        if let (Some(head), Some(row)) = (self.head.upgrade(), row) {
            head.publish(Position::new(row.get::<_, i64>(0).cast_unsigned()));
        }
    }

    /// Asks for the head at intervals, for so long, or until nobody watches.
    async fn poll(&self, how_long: Duration) {
        let every = Duration::from_millis(self.config.foreign_poll_ms.max(1).into());
        let end = tokio::time::Instant::now() + how_long;
        loop {
            if self.head.upgrade().is_none_or(|head| head.watchers() == 0) {
                return;
            }
            // One that fails is made up for by the next.
            if let Ok(rows) = self.readers.query(&self.sql.head, &[]).await {
                self.publish_row(rows.first());
            }
            if tokio::time::Instant::now() >= end {
                return;
            }
            tokio::time::sleep(every.min(how_long)).await;
        }
    }
}
