//! Views inside appends: what a refused append leaves in the writer's memory, and acts on streams.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use std::sync::Arc;

use common::{all, append, claiming, open, stream};
use factum_core::{
    AdminRecord, AppendError, CheckpointStore, EventId, EventStore, EventStoreExt, Expected,
    InlineView, Maintenance, Position, Progress, RecordedEvent, Refusal, Registration, Revision,
    StreamAdmin, StreamRead, SubscriptionKind, SubscriptionName, ViewMigration, ViewStore,
    ViewTransaction,
};
use factum_sqlite::SqliteStore;
use futures::FutureExt;
use futures::future::BoxFuture;

/// Keeps the position of every event, and refuses those of stream `account/bad`.
#[derive(Debug)]
struct Positions(SubscriptionName);

impl InlineView for Positions {
    fn name(&self) -> &SubscriptionName {
        &self.0
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
            for event in events {
                let values = [event.position.get().into(), event.event_type.as_str().into()];
                let insert = "INSERT INTO positions VALUES ($1, $2)";
                view.run(insert, &values).await.map_err(|it| it.to_string())?;
                assert!(event.stream != stream("worse"), "on purpose");
                if event.stream == stream("bad") {
                    return Err("it is bad".into());
                }
                if event.stream == stream("slow") {
                    std::future::pending::<()>().await;
                }
            }
            Ok(())
        }
        .boxed()
    }
}

fn name() -> SubscriptionName {
    SubscriptionName::new("positions").unwrap()
}

async fn with_view(folder: &tempfile::TempDir) -> SqliteStore {
    let store = open(folder.path()).await;
    let (kind, start) = (SubscriptionKind::Projection, Position::START);
    let registration =
        Registration { name: name(), kind, version: 1, shape: "every event".into(), start };
    store.register(registration).await.unwrap();
    let table = "CREATE TABLE positions (position INTEGER PRIMARY KEY, event_type TEXT NOT NULL)";
    store.migrate_view(&name(), &[ViewMigration::new("table", table)]).await.unwrap();
    store.keep_inline(Arc::new(Positions(name()))).unwrap();
    store
}

/// What the view holds, and where its checkpoint is.
async fn kept(store: &SqliteStore) -> (Vec<i64>, u64) {
    let rows = store.query_view("SELECT position FROM positions ORDER BY 1", &[]).await.unwrap();
    let positions = rows.iter().map(|row| row.get(0).unwrap()).collect();
    (positions, store.progress(&name()).await.unwrap().unwrap().position.get())
}

#[tokio::test]
async fn a_refused_append_leaves_nothing_to_those_that_follow() {
    let folder = tempfile::tempdir().unwrap();
    let store = with_view(&folder).await;
    store.append(append("ann", 0..1)).await.unwrap();
    let read = || store.collect_stream(StreamRead::forward(stream("ann")));
    assert_eq!(read().await.unwrap().len(), 1, "the stream is kept in memory from here on");
    for (id, words) in [
        ("bad", "positions: it is bad"),
        ("worse", "positions: it panicked"),
        ("slow", "positions: it waited for something other than the transaction"),
    ] {
        // Streams, types, tags and claims that nobody has used before, and one that is in memory.
        let request = claiming(id, 50, "one@example.org");
        let request = request.stream(stream("ann"), Expected::Any, [common::event(51)]);
        match store.append(request).await {
            Err(AppendError::Refused(Refusal::Hook { hook: "inline view", reason })) => {
                assert_eq!(reason, words);
            }
            other => panic!("expected a refusal, found {other:?}"),
        }
    }
    assert_eq!(kept(&store).await, (vec![1], 1));
    assert_eq!(read().await.unwrap().len(), 1);

    store.append(append("ann", 1..2)).await.unwrap();
    store.append(claiming("new", 52, "one@example.org")).await.unwrap();
    assert_eq!(read().await.unwrap().len(), 2);
    assert_eq!(all(&store).await.len(), 3);
    assert_eq!(kept(&store).await, (vec![1, 2, 3], 3));
    assert_eq!(store.verify().await.unwrap().findings, [""; 0]);
}

#[tokio::test]
async fn refused_appends_fail_no_others_of_their_group() {
    let folder = tempfile::tempdir().unwrap();
    let store = with_view(&folder).await;
    let appends = (0..60).map(|number| {
        let id = if number % 3 == 0 { "bad" } else { "ann" };
        store.append(append(id, number..number + 1))
    });
    let answers = futures::future::join_all(appends).await;
    assert_eq!(answers.iter().filter(|it| it.is_ok()).count(), 40);
    let (positions, checkpoint) = kept(&store).await;
    assert_eq!((positions, checkpoint), ((1..=40).collect(), 40));
    assert_eq!(store.verify().await.unwrap().findings, [""; 0]);
}

#[tokio::test]
async fn a_view_takes_acts_on_streams_along() {
    let folder = tempfile::tempdir().unwrap();
    let store = with_view(&folder).await;
    store.append(append("ann", 0..3)).await.unwrap();
    let record = |id| AdminRecord::new(EventId::from_bytes([id; 16]), "on purpose");
    store.truncate_before(&stream("ann"), Revision::new(1), record(1)).await.unwrap();
    store.tombstone(&stream("ann"), Expected::Any, record(2)).await.unwrap();
    assert_eq!(kept(&store).await, ((1..=5).collect(), 5));
    let last = store.progress(&name()).await.unwrap().unwrap().last.unwrap();
    assert_eq!((last.position, last.id), (Position::new(5), all(&store).await[4].id));
}

#[tokio::test]
async fn what_others_appended_is_left_to_the_loop() {
    let folder = tempfile::tempdir().unwrap();
    let store = with_view(&folder).await;
    store.append(append("ann", 0..1)).await.unwrap();
    let other = open(folder.path()).await;
    other.append(append("ann", 1..2)).await.unwrap();
    store.append(append("ann", 2..3)).await.unwrap();
    assert_eq!(kept(&store).await, (vec![1], 1));
}

#[tokio::test]
async fn an_answer_that_is_repeated_is_not_applied_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = with_view(&folder).await;
    let request = || append("ann", 0..2).command(common::command("c1", "ann"));
    store.append(request()).await.unwrap();
    assert!(store.append(request()).await.unwrap().repeated);
    assert_eq!(kept(&store).await, (vec![1, 2], 2));
}
