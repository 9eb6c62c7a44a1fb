//! F1, F13, F14: the server is killed under load, again and again. Nothing that was acknowledged is
//! lost, what was unknown has one effect once it is retried, and readers go on by themselves.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use common::requests::{append, command, expecting, stream};
use common::session::Session;
use common::{all, assert_sound, numbers, on_own_servers, open, soon, until};
use factum_core::{
    AppendError, AppendRequest, Appended, EventId, EventStore, Expected, LogRead, Maintenance,
    Position, Revision, StoreErrorKind,
};
use factum_postgres::{PostgresStore, PostgresStoreConfig};
use factum_testkit::SequentialIds;
use factum_testkit::history::History;
use factum_testkit::servers::{PostgresOptions, Signal};
use futures::StreamExt;

const WRITERS: u64 = 64;
const ROUNDS: u64 = 10;
/// How many appends each round waits for before the next crash.
const PER_ROUND: u64 = 400;
/// Comes after all others.
const LAST: EventId = SequentialIds::id(u64::MAX);

fn durable() -> PostgresOptions {
    PostgresOptions { durable: true, ..PostgresOptions::default() }
}

/// What all tasks of a test share.
struct Load {
    store: PostgresStore,
    acknowledged: AtomicU64,
    retried: AtomicU64,
    unknown: AtomicU64,
    stop: AtomicBool,
}

impl Load {
    fn stopped(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }

    /// Appends until it is known to be stored, by the same command.
    async fn settle(&self, request: AppendRequest) -> Appended {
        let mut doubt = false;
        loop {
            match self.store.append(request.clone()).await {
                Ok(appended) => {
                    // What was said not to be stored was not stored.
                    assert!(doubt || !appended.repeated, "{appended:?}");
                    self.acknowledged.fetch_add(1, Ordering::SeqCst);
                    return appended;
                }
                Err(AppendError::Store(error)) => {
                    self.retried.fetch_add(1, Ordering::SeqCst);
                    match error.kind() {
                        StoreErrorKind::Unavailable => {}
                        StoreErrorKind::OutcomeUnknown => {
                            doubt = true;
                            self.unknown.fetch_add(1, Ordering::SeqCst);
                        }
                        _ => panic!("{error}"),
                    }
                }
                Err(other) => panic!("{other}"),
            }
        }
    }

    /// Appends to a stream of its own, each time where it left off, and to one that all share.
    async fn write(&self, writer: u64) -> History {
        let (mut history, own) = (History::default(), format!("own-{writer}"));
        let mut expected = Expected::NoStream;
        for round in 0.. {
            if self.stopped() {
                break;
            }
            let first = 1_000_000 * (writer + 1) + 3 * round;
            let numbers = first..first + 1 + round % 3;
            let ids: Vec<EventId> = numbers.clone().map(SequentialIds::id).collect();
            let shared = round % 4 == 3;
            let request = if shared {
                append("shared", numbers.clone())
            } else {
                expecting(&own, expected, numbers.clone())
            };
            let command = command(&format!("{writer}-{round}"), &own);
            let appended = self.settle(request.command(command)).await;
            if !shared {
                let before = match expected {
                    Expected::Revision(last) => last.get() + 1,
                    _ => 0,
                };
                let last = Revision::new(before + ids.len() as u64 - 1);
                assert_eq!(appended.revision(&stream(&own)), Some(last));
                expected = Expected::Revision(last);
            }
            let first = appended.first.expect("it has events");
            history.acknowledged(format!("{writer}-{round}"), ids, first, appended.last);
        }
        history
    }

    /// Follows the feed through all failures until it has seen the last event.
    async fn follow(&self) -> (Vec<EventId>, u64) {
        let (mut seen, mut failures) = (Vec::new(), 0);
        let mut pause = tokio::time::interval(Duration::from_millis(5));
        let mut watch = self.store.watch();
        let position = |seen: &Vec<EventId>| Position::new(seen.len() as u64);
        while seen.last() != Some(&LAST) {
            watch.past(position(&seen)).await.unwrap();
            let request = LogRead { after: position(&seen), ..LogRead::default() };
            let mut pages = self.store.read(request);
            while let Some(page) = pages.next().await {
                let Ok(page) = page else {
                    failures += 1;
                    pause.tick().await;
                    break;
                };
                for event in page.events {
                    assert_eq!(
                        event.position,
                        position(&seen).plus(1),
                        "events follow one another"
                    );
                    seen.push(event.id);
                }
            }
        }
        (seen, failures)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f1_f14_nothing_acknowledged_is_lost_when_the_server_is_killed_under_load() {
    on_own_servers(&durable(), async |server, place| {
        let load = Arc::new(Load {
            store: place.open().await,
            acknowledged: AtomicU64::new(0),
            retried: AtomicU64::new(0),
            unknown: AtomicU64::new(0),
            stop: AtomicBool::new(false),
        });
        let following = tokio::spawn({
            let load = Arc::clone(&load);
            async move { load.follow().await }
        });
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let load = Arc::clone(&load);
                tokio::spawn(async move { load.write(writer).await })
            })
            .collect();
        for round in 1..=ROUNDS {
            until("the writers to go on by themselves", async || {
                let done = load.acknowledged.load(Ordering::SeqCst);
                (done >= round * PER_ROUND).then_some(())
            })
            .await;
            if round % 2 == 0 {
                server.kill_postmaster().unwrap();
                server.restart().unwrap();
                continue;
            }
            // In the middle of an append, most likely. The server throws everyone out and recovers.
            let observer = Session::connect(&place).await;
            let writer = async || observer.writers(&place).await.first().copied();
            let writer = until("a session that appends", writer).await.cast_unsigned();
            server.signal_backend(writer, Signal::Kill).unwrap();
        }
        load.stop.store(true, Ordering::SeqCst);
        let mut history = History::default();
        for writer in writers {
            history.merge(soon("the writers to end", writer).await.unwrap());
        }
        let last = load.store.append(append("last", [u64::MAX])).await.unwrap();
        history.acknowledged("last", [LAST], last.last, last.last);
        let (seen, failures) = soon("the reader to see everything", following).await.unwrap();
        let log = all(&load.store).await;
        assert_eq!(history.check(&log), []);
        assert!(log.iter().map(|event| event.id).eq(seen), "the feed is the log");
        assert_sound(&load.store).await;
        assert!(load.store.health().await.unwrap().writable);
        let count = |count: &AtomicU64| count.load(Ordering::SeqCst);
        println!(
            "{ROUNDS} crashes: {} appends of {} events acknowledged, {} tries failed, {} of them \
             unknown; {failures} reads failed",
            count(&load.acknowledged),
            log.len(),
            count(&load.retried),
            count(&load.unknown),
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f13_a_feed_resumes_when_the_server_was_started_again() {
    on_own_servers(&PostgresOptions::default(), async |server, place| {
        // One that is told of appends, and one that asks.
        for notify in [true, false] {
            let place = common::Place { schema: format!("notify_{notify}"), ..place.clone() };
            let config = PostgresStoreConfig { notify, ..place.config() };
            let (reader, writer) = (open(config.clone()).await, open(config).await);
            let mut watch = reader.watch();
            for round in 0..4_u64 {
                let appended = writer.append(append("a", [2 * round])).await.unwrap();
                let head = soon("the watch to wake", watch.past(Position::new(2 * round))).await;
                assert_eq!(head.unwrap(), appended.last);
                if round % 2 == 1 {
                    server.kill_postmaster().unwrap();
                }
                server.restart().unwrap();
                // The writer is back by itself; at worst it cannot say what became of its append.
                let again =
                    append("a", [2 * round + 1]).command(command(&format!("after-{round}"), "a"));
                let appended = until("the writer to be back", async || {
                    writer.append(again.clone()).await.ok()
                })
                .await;
                assert_eq!(appended.last.get(), 2 * round + 2);
                let seen = Position::new(2 * round + 1);
                soon("the watch to wake", watch.past(seen)).await.unwrap();
            }
            assert_eq!(numbers(&reader).await, (0..8).collect::<Vec<_>>());
            assert_sound(&reader).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f13_a_server_that_is_gone_is_unavailable_and_said_to_be() {
    on_own_servers(&PostgresOptions::default(), async |server, place| {
        let config = PostgresStoreConfig { connect_timeout_ms: 300, ..place.config() };
        let store = open(config.clone()).await;
        store.append(append("a", [0])).await.unwrap();
        server.stop().unwrap();
        // The first append may have been sent to the session that was there; then nobody knows.
        let mut kinds = Vec::new();
        for _ in 0..3 {
            let request = append("a", [1]).command(command("one", "a"));
            kinds.push(common::failure(soon("an answer", store.append(request)).await).kind());
        }
        assert_eq!(kinds[1..], [StoreErrorKind::Unavailable; 2], "{kinds:?}");
        assert_eq!(store.head().await.unwrap_err().kind(), StoreErrorKind::Unavailable);
        assert_eq!(store.health().await.unwrap_err().kind(), StoreErrorKind::Unavailable);
        let error = PostgresStore::open(config).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error}");
        server.restart().unwrap();
        let request = append("a", [1]).command(command("one", "a"));
        assert_eq!(store.append(request).await.unwrap().last, Position::new(2));
        assert!(store.health().await.unwrap().writable);
        assert_eq!(numbers(&store).await, [0, 1]);
    })
    .await;
}
