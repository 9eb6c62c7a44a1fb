//! F12, F14, F20: sessions that end, hang or lose their connection at the worst time. What is not
//! known is said to be unknown, a retry with the same command settles it, and nobody has to come and
//! help.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::proxy::{BREAKING, Network, Proxy};
use common::requests::{append, command, command_id, stream};
use common::session::Session;
use common::{assert_sound, failure, numbers, on_every_postgres, open, soon};
use factum_core::{
    AppendError, AppendRequest, Appended, EventStore, EventStoreExt, Position, StoreErrorKind,
    StreamRead,
};
use factum_postgres::{PostgresStore, PostgresStoreConfig};

/// The append of command `n`, which stores event `n`.
fn nth(number: u64) -> AppendRequest {
    append("a", [number]).command(command(&format!("command-{number}"), "a"))
}

fn spawn(
    store: &PostgresStore,
    request: AppendRequest,
) -> tokio::task::JoinHandle<Result<Appended, AppendError>> {
    let store = store.clone();
    tokio::spawn(async move { store.append(request).await })
}

async fn known(store: &PostgresStore, number: u64) -> bool {
    store.recall(&command_id(&format!("command-{number}"))).await.unwrap().is_some()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_writer_that_is_ended_between_appends_costs_a_retry_at_most() {
    on_every_postgres(async |place| {
        let store = place.open().await;
        let observer = Session::connect(&place).await;
        for round in 0..10 {
            let appended = store.append(nth(2 * round)).await.unwrap();
            let writer = observer.writers(&place).await[0];
            observer.terminate(writer).await;
            // Its answer is still there.
            let again = store.recall(&command_id(&format!("command-{}", 2 * round))).await.unwrap();
            assert_eq!(again.unwrap().appended.last, appended.last);
            // The store may not have noticed; then it cannot tell.
            let next = match store.append(nth(2 * round + 1)).await {
                Ok(next) => next,
                Err(AppendError::Store(error)) => {
                    assert_eq!(error.kind(), StoreErrorKind::OutcomeUnknown, "{error}");
                    assert!(!known(&store, 2 * round + 1).await);
                    store.append(nth(2 * round + 1)).await.unwrap()
                }
                Err(other) => panic!("{other}"),
            };
            assert_eq!((next.last.get(), next.repeated), (2 * round + 2, false));
        }
        assert_eq!(numbers(&store).await, (0..20).collect::<Vec<_>>());
        assert_sound(&store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_writer_that_is_ended_while_it_waits_for_the_log_has_stored_nothing() {
    on_every_postgres(async |place| {
        let store = place.open().await;
        let observer = Session::connect(&place).await;
        let mut holder = Session::connect(&place).await;
        for round in 0..5 {
            let held = holder.client.transaction().await.unwrap();
            store.append_in(&held, append("held", [100 + round])).await.unwrap();
            let waiting = spawn(&store, nth(round));
            let writer = observer.until_one_is_blocked_by(holder.pid).await;
            observer.terminate(writer).await;
            let error = failure(waiting.await.unwrap());
            assert_eq!(error.kind(), StoreErrorKind::OutcomeUnknown, "{error}");
            held.commit().await.unwrap();
            assert!(!known(&store, round).await);
            let appended = store.append(nth(round)).await.unwrap();
            assert_eq!((appended.last.get(), appended.repeated), (2 * round + 2, false));
        }
        assert_eq!(numbers(&store).await, [100, 0, 101, 1, 102, 2, 103, 3, 104, 4]);
        assert_sound(&store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_append_that_is_interrupted_has_stored_nothing_and_says_so() {
    on_every_postgres(async |place| {
        let store = place.open().await;
        let observer = Session::connect(&place).await;
        let mut holder = Session::connect(&place).await;
        let held = holder.client.transaction().await.unwrap();
        store.append_in(&held, append("held", [100])).await.unwrap();
        let waiting = spawn(&store, nth(1));
        let writer = observer.until_one_is_blocked_by(holder.pid).await;
        observer.cancel(writer).await;
        let error = failure(waiting.await.unwrap());
        assert_eq!(error.kind(), StoreErrorKind::TimedOut, "{error}");
        held.rollback().await.unwrap();
        assert!(!known(&store, 1).await);
        assert_eq!(store.append(nth(1)).await.unwrap().last, Position::new(1));
        assert_sound(&store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f14_a_lost_answer_is_unknown_and_a_retry_settles_it() {
    on_every_postgres(async |place| {
        let proxy = Proxy::new(&place).await;
        let store = proxy.place(&place).open().await;
        for round in 0..10 {
            let (network, stored) = match round % 2 {
                0 => (Network::BreaksBeforeRequest, false),
                _ => (Network::BreaksBeforeAnswer, true),
            };
            proxy.set(network);
            let error = failure(store.append(nth(round)).await);
            assert_eq!(error.kind(), StoreErrorKind::OutcomeUnknown, "{error}");
            assert_eq!(known(&store, round).await, stored, "{network:?}");
            let appended = store.append(nth(round)).await.unwrap();
            assert_eq!((appended.last.get(), appended.repeated), (round + 1, stored));
            assert_eq!(appended.first, Some(Position::new(round + 1)));
        }
        assert_eq!(numbers(&store).await, (0..10).collect::<Vec<_>>());
        assert_sound(&store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f14_an_answer_that_never_comes_is_unknown_in_bounded_time() {
    on_every_postgres(async |place| {
        let proxy = Proxy::new(&place).await;
        let limits = PostgresStoreConfig {
            busy_timeout_ms: 100,
            answer_timeout_ms: 200,
            connect_timeout_ms: 200,
            ..proxy.place(&place).config()
        };
        let (store, direct) = (open(limits).await, place.open().await);
        store.append(nth(0)).await.unwrap();
        for (number, network, stored) in [(1, Network::Deaf, true), (2, Network::Silent, false)] {
            proxy.set(network);
            let error = failure(soon("an end of waiting", store.append(nth(number))).await);
            assert_eq!(error.kind(), StoreErrorKind::OutcomeUnknown, "{error}");
            assert_eq!(known(&direct, number).await, stored);
            // No connection can be made: nothing was sent, which is known.
            let error = failure(soon("an end of waiting", store.append(nth(number))).await);
            assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error}");
            let error = soon("an end of waiting", store.head()).await.unwrap_err();
            assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error}");
            proxy.set(Network::Whole);
            let appended = store.append(nth(number)).await.unwrap();
            assert_eq!(appended.first, Some(Position::new(number + 1)));
        }
        assert_eq!(numbers(&store).await, [0, 1, 2]);
        assert_sound(&store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_goes_silent_while_it_is_set_up_is_given_up() {
    on_every_postgres(async |place| {
        let proxy = Proxy::new(&place).await;
        let limits = PostgresStoreConfig {
            busy_timeout_ms: 100,
            answer_timeout_ms: 200,
            connect_timeout_ms: 300,
            ..proxy.place(&place).config()
        };
        let store = open(limits).await;
        let observer = Session::connect(&place).await;
        store.append(nth(0)).await.unwrap();
        for round in 1..=3 {
            observer.terminate_stores(&place).await;
            proxy.set(Network::DeafToNewSessions);
            // The store may not have noticed yet that its old session is gone.
            let mut kind = StoreErrorKind::OutcomeUnknown;
            while kind == StoreErrorKind::OutcomeUnknown {
                kind = failure(soon("an end of waiting", store.append(nth(round))).await).kind();
            }
            assert_eq!(kind, StoreErrorKind::Unavailable);
            proxy.set(Network::DeafToNewSessions);
            let error = soon("an end of waiting", store.head()).await.unwrap_err();
            assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error}");
            proxy.set(Network::Whole);
            assert_eq!(store.append(nth(round)).await.unwrap().last, Position::new(round + 1));
        }
        // Listening begins anew as well.
        let mut watch = store.watch();
        proxy.set(Network::DeafToNewSessions);
        observer.terminate_stores(&place).await;
        proxy.set(Network::Whole);
        place.open().await.append(append("b", [9])).await.unwrap();
        soon("the watch to wake", watch.past(Position::new(4))).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f20_a_session_that_lost_the_log_without_knowing_cannot_commit() {
    on_every_postgres(async |place| {
        let proxy = Proxy::new(&place).await;
        let far = proxy.place(&place);
        let limits =
            PostgresStoreConfig { idle_timeout_ms: 300, busy_timeout_ms: 60_000, ..place.config() };
        let store = open(limits).await;
        let observer = Session::connect(&place).await;
        observer
            .client
            .batch_execute(&place.sql("CREATE TABLE {schema}.work (n integer)"))
            .await
            .unwrap();
        let insert = place.sql("INSERT INTO {schema}.work VALUES (1)");

        // An operator ends it.
        let mut holder = Session::connect(&place).await;
        let pid = holder.pid;
        let held = holder.client.transaction().await.unwrap();
        held.batch_execute(&insert).await.unwrap();
        store.append_in(&held, append("held", [100])).await.unwrap();
        observer.terminate(pid).await;
        assert_eq!(store.append(append("a", [1])).await.unwrap().last, Position::new(1));
        held.commit().await.unwrap_err();

        // Its network is gone for longer than the idle limit, and comes back.
        let mut holder = Session::connect(&far).await;
        let pid = holder.pid;
        let held = holder.client.transaction().await.unwrap();
        held.batch_execute(&insert).await.unwrap();
        store.append_in(&held, append("held", [101])).await.unwrap();
        proxy.set(Network::Silent);
        assert_eq!(store.append(append("a", [2])).await.unwrap().last, Position::new(2));
        observer.until_gone(pid).await;
        proxy.set(Network::Whole);
        held.commit().await.unwrap_err();

        assert_eq!(numbers(&store).await, [1, 2]);
        let rows = place.sql("SELECT n FROM {schema}.work");
        assert_eq!(observer.client.query(&rows, &[]).await.unwrap().len(), 0);
        assert_sound(&store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_connection_of_a_read_that_breaks_is_replaced() {
    on_every_postgres(async |place| {
        let proxy = Proxy::new(&place).await;
        let store = proxy.place(&place).open().await;
        store.append(append(BREAKING, 0..10)).await.unwrap();
        let observer = Session::connect(&place).await;
        for network in [Network::BreaksBeforeRequest, Network::BreaksBeforeAnswer] {
            proxy.set(network);
            let read = StreamRead::forward(stream(BREAKING));
            assert_eq!(store.collect_stream(read).await.unwrap().len(), 10);
            // All of them at once, while they are idle.
            observer.terminate_stores(&place).await;
            assert_eq!(numbers(&store).await, (0..10).collect::<Vec<_>>());
        }
    })
    .await;
}
