//! Views that are kept inside appends: what becomes of both when the session is lost, where tables are
//! found, and what appends elsewhere leave undone.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use std::sync::{Arc, Mutex};

use common::requests::append;
use common::session::Session;
use common::views::{count, declared, make, named, reached};
use common::{failure, on_every_postgres, open, soon};
use factum_core::{
    CheckpointStore, EventStore, InlineView, Position, Progress, RecordedEvent, StoreErrorKind,
    SubscriptionName, ViewStore, ViewTransaction,
};
use factum_postgres::{PostgresStore, PostgresStoreConfig};
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::oneshot;

/// Who is told of the session that applies, and lets it go on.
type Gate = (oneshot::Sender<i64>, oneshot::Receiver<()>);

/// Counts events in the table `counted`, which is found where the role looks for it.
#[derive(Debug)]
struct Counted {
    name: SubscriptionName,
    gate: Mutex<Option<Gate>>,
}

impl InlineView for Counted {
    fn name(&self) -> &SubscriptionName {
        &self.name
    }

    fn fits(&self, progress: &Progress) -> bool {
        progress.version == 1
    }

    fn apply<'t>(
        &'t self,
        events: &'t [RecordedEvent],
        view: &'t mut dyn ViewTransaction,
    ) -> BoxFuture<'t, Result<(), String>> {
        async move {
            let said = |error: factum_core::ViewError| error.to_string();
            let gate = self.gate.lock().unwrap().take();
            if let Some((told, heard)) = gate {
                let rows = view.query("SELECT pg_backend_pid()", &[]).await.map_err(said)?;
                told.send(rows[0].get(0).map_err(said)?).unwrap();
                heard.await.unwrap();
            }
            for event in events {
                let position = event.position.get().into();
                view.run("INSERT INTO counted VALUES ($1)", &[position]).await.map_err(said)?;
            }
            Ok(())
        }
        .boxed()
    }
}

async fn kept(config: PostgresStoreConfig) -> (PostgresStore, Arc<Counted>) {
    let store = open(config).await;
    make(&store, "counts", "CREATE TABLE counted (position bigint PRIMARY KEY)".into()).await;
    store.register(declared("counts")).await.unwrap();
    let view = Arc::new(Counted { name: named("counts"), gate: Mutex::new(None) });
    store.keep_inline(Arc::clone(&view) as _).unwrap();
    (store, view)
}

/// A schema of the test's own for the tables of users, and the settings of a store whose role looks
/// there.
async fn elsewhere(place: &common::Place, prepare: bool) -> PostgresStoreConfig {
    let own = format!("own_{}_{prepare}", place.schema);
    let observer = Session::connect(place).await;
    observer.client.batch_execute(&format!("CREATE SCHEMA {own}")).await.unwrap();
    let url = format!("{}?options=-csearch_path%3D{own}", place.url);
    let schema = format!("{}_{prepare}", place.schema);
    PostgresStoreConfig { url, schema, prepare, ..place.config() }
}

const COUNTED: &str = "SELECT count(*) FROM counted";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_append_whose_session_ends_while_its_view_works_stores_nothing() {
    on_every_postgres(async |place| {
        for prepare in [true, false] {
            let (store, view) = kept(elsewhere(&place, prepare).await).await;
            store.append(append("a", [1])).await.unwrap();
            let observer = Session::connect(&place).await;
            let ((told, hear), (tell, heard)) = (oneshot::channel(), oneshot::channel());
            *view.gate.lock().unwrap() = Some((told, heard));
            let ending = async {
                let pid = soon("the view to work", hear).await.unwrap();
                observer.terminate(i32::try_from(pid).unwrap()).await;
                tell.send(()).unwrap();
            };
            let (appended, ()) = futures::join!(store.append(append("a", [2])), ending);
            let error = failure(appended);
            assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error}");
            assert_eq!(store.head().await.unwrap(), Position::new(1));
            assert_eq!((count(&store, COUNTED).await, reached(&store, "counts").await), (1, 1));
            store.append(append("a", [2, 3])).await.unwrap();
            assert_eq!((count(&store, COUNTED).await, reached(&store, "counts").await), (3, 3));
            common::assert_sound(&store).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_append_in_a_callers_transaction_leaves_the_view_to_its_loop() {
    on_every_postgres(async |place| {
        let (store, _) = kept(elsewhere(&place, true).await).await;
        let mut caller = Session::connect(&place).await;
        let transaction = caller.client.transaction().await.unwrap();
        store.append_in(&transaction, append("a", [1])).await.unwrap();
        transaction.commit().await.unwrap();
        store.append(append("a", [2])).await.unwrap(); // Not right behind the checkpoint.
        assert_eq!((count(&store, COUNTED).await, reached(&store, "counts").await), (0, 0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn appends_at_once_are_each_kept() {
    on_every_postgres(async |place| {
        let (store, _) = kept(elsewhere(&place, true).await).await;
        let appends = (0..40).map(|number| {
            let store = store.clone();
            tokio::spawn(async move { store.append(append(&format!("a{number}"), [number])).await })
        });
        for appended in appends.collect::<Vec<_>>() {
            appended.await.unwrap().unwrap();
        }
        assert_eq!((count(&store, COUNTED).await, reached(&store, "counts").await), (40, 40));
    })
    .await;
}
