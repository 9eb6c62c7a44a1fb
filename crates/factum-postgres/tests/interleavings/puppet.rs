//! A session that does what it is told, one step at a time.

use factum_core::{AppendError, AppendRequest, Appended};
use factum_postgres::PostgresStore;
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;
use tokio_postgres::Client;

use crate::common::session::Session;
use crate::common::{Place, soon};

/// What a session is told to do, and is done when it answers.
pub(crate) enum Order {
    Begin,
    Sql(String),
    Commit,
    Rollback,
}

enum Told {
    Do(Order, oneshot::Sender<()>),
    Append(Box<AppendRequest>, oneshot::Sender<Result<Appended, AppendError>>),
}

pub(crate) struct Puppet {
    pub(crate) pid: i32,
    orders: mpsc::Sender<Told>,
    breaker: AbortHandle,
}

impl Puppet {
    pub(crate) async fn new(place: &Place, store: &PostgresStore) -> Self {
        let session = Session::connect(place).await;
        let (orders, told) = mpsc::channel(1);
        let (pid, breaker) = (session.pid, session.breaker());
        tokio::spawn(obey(session.client, store.clone(), told));
        Self { pid, orders, breaker }
    }

    /// Has a step done.
    pub(crate) async fn obey(&self, order: Order) {
        let (reply, done) = oneshot::channel();
        self.orders.send(Told::Do(order, reply)).await.expect("the session is there");
        soon("the step to be done", done).await.expect("the step goes well");
    }

    /// Has an append begun; the answer comes once it is let in.
    pub(crate) async fn append(
        &self,
        request: AppendRequest,
    ) -> oneshot::Receiver<Result<Appended, AppendError>> {
        let (reply, answer) = oneshot::channel();
        self.orders.send(Told::Append(request.into(), reply)).await.expect("the session is there");
        answer
    }

    /// Breaks the connection without a word to the server.
    pub(crate) fn disconnect(self) {
        self.breaker.abort();
    }
}

/// One transaction after the other, until nobody tells any more.
async fn obey(mut client: Client, store: PostgresStore, mut told: mpsc::Receiver<Told>) {
    while let Some(Told::Do(Order::Begin, reply)) = told.recv().await {
        let transaction = client.transaction().await.expect("the session is idle");
        let _ = reply.send(()); // Nobody listens once the test has failed.
        loop {
            match told.recv().await {
                // The transaction is dropped with the connection.
                None => return,
                Some(Told::Append(request, reply)) => {
                    drop(reply.send(store.append_in(&transaction, *request).await));
                }
                Some(Told::Do(Order::Sql(sql), reply)) => {
                    transaction.batch_execute(&sql).await.expect("it is valid SQL");
                    let _ = reply.send(());
                }
                Some(Told::Do(Order::Commit, reply)) => {
                    transaction.commit().await.expect("the transaction is sound");
                    let _ = reply.send(());
                    break;
                }
                Some(Told::Do(Order::Rollback, reply)) => {
                    transaction.rollback().await.expect("the session is there");
                    let _ = reply.send(());
                    break;
                }
                Some(Told::Do(Order::Begin, _)) => panic!("a transaction in a transaction"),
            }
        }
    }
}
