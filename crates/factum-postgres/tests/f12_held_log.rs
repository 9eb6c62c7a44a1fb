//! F12: who holds the log without doing anything stops others for a bounded time, and is named.
//! Sessions that have nothing to do with the log stop nobody.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::children::{ChildProcess, hear, say, task};
use common::requests::{append, stream};
use common::session::Session;
use common::{all, assert_sound, failure, numbers, on_every_postgres, open, soon};
use factum_core::{
    AdminRecord, EventStore, Expected, Maintenance, Position, StoreErrorKind, StreamAdmin,
};
use factum_postgres::PostgresStoreConfig;
use factum_testkit::SequentialIds;

/// Waits for the log for longer than a test may take.
const PATIENT_MS: u32 = 120_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f12_appends_fail_in_time_and_name_the_session_that_holds_the_log() {
    on_every_postgres(async |place| {
        let config =
            PostgresStoreConfig { busy_timeout_ms: 200, idle_timeout_ms: 0, ..place.config() };
        let store = open(config).await;
        store.append(append("a", [1])).await.unwrap();
        let mut holder = Session::connect(&place).await;
        let named = format!("session {} of \"test\", idle in transaction", holder.pid);
        let held = holder.client.transaction().await.unwrap();
        store.append_in(&held, append("held", [2])).await.unwrap();
        for number in 3..6 {
            let error = failure(store.append(append("a", [number])).await);
            assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error}");
            assert!(error.message().contains(&named), "{error}");
        }
        let record = AdminRecord::new(SequentialIds::id(9), "no longer needed");
        let error = failure(store.tombstone(&stream("a"), Expected::Any, record).await);
        assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error}");
        assert!(error.message().contains(&named), "{error}");
        let error = store.rebuild_claims().await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error}");

        let health = store.health().await.unwrap();
        assert!(!health.writable && health.problem.contains(&named), "{}", health.problem);
        assert_eq!(health.head, Position::new(1));
        // Reading goes on meanwhile.
        assert_eq!(all(&store).await.len(), 1);

        held.commit().await.unwrap();
        store.append(append("a", [6])).await.unwrap();
        let health = store.health().await.unwrap();
        assert!(health.writable, "{}", health.problem);
        assert_eq!(numbers(&store).await, [1, 2, 6]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f12_the_idle_limit_frees_the_log() {
    on_every_postgres(async |place| {
        let config = PostgresStoreConfig {
            busy_timeout_ms: PATIENT_MS,
            idle_timeout_ms: 300,
            ..place.config()
        };
        let store = open(config).await;
        let mut holder = Session::connect(&place).await;
        let held = holder.client.transaction().await.unwrap();
        let answer = store.append_in(&held, append("held", [1])).await.unwrap();
        assert_eq!(answer.last, Position::new(1));
        let appended = soon("the log to be free", store.append(append("a", [2]))).await.unwrap();
        assert_eq!(appended.last, Position::new(1));
        held.commit().await.unwrap_err();
        assert_eq!(numbers(&store).await, [2]);
        assert_sound(&store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f12_the_limits_of_the_callers_session_stay_as_they_were() {
    on_every_postgres(async |place| {
        let config = PostgresStoreConfig { idle_timeout_ms: 5_000, ..place.config() };
        let store = open(config).await;
        let mut session = Session::connect(&place).await;
        let limits = "SELECT current_setting('idle_in_transaction_session_timeout'), \
                      current_setting('lock_timeout'), current_setting('enable_seqscan'), \
                      current_setting('plan_cache_mode'), current_setting('synchronous_commit')";
        for (own, within) in [
            ("SET idle_in_transaction_session_timeout = 0; SET lock_timeout = 0", ["5s", "0"]),
            ("SET idle_in_transaction_session_timeout = 70; SET lock_timeout = 9", ["70ms", "9ms"]),
        ] {
            session.client.batch_execute(own).await.unwrap();
            session.client.batch_execute("SET synchronous_commit = off").await.unwrap();
            let before = session.client.query_one(limits, &[]).await.unwrap();
            let transaction = session.client.transaction().await.unwrap();
            store.append_in(&transaction, append("a", [1])).await.unwrap();
            let row = transaction.query_one(limits, &[]).await.unwrap();
            let found: [&str; 4] = [row.get(0), row.get(1), row.get(2), row.get(3)];
            assert_eq!(found, [within[0], within[1], "on", "auto"]);
            // What is acknowledged must be on the disk, whatever the session thinks of that.
            assert_eq!(row.get::<_, &str>(4), "on");
            transaction.rollback().await.unwrap();
            let after = session.client.query_one(limits, &[]).await.unwrap();
            for column in 0..5 {
                assert_eq!(after.get::<_, &str>(column), before.get::<_, &str>(column));
            }
        }
    })
    .await;
}

/// The other process: appends in a transaction, and commits when it is told to. Does nothing as a
/// test of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let Some((place, _)) = task() else { return };
    let store =
        open(PostgresStoreConfig { idle_timeout_ms: 300, create: false, ..place.config() }).await;
    let mut session = Session::connect(&place).await;
    let held = session.client.transaction().await.unwrap();
    // It is stopped as soon as it has said so.
    say("about to append");
    assert_eq!(hear().await, "append");
    store.append_in(&held, append("held", [1])).await.unwrap();
    say("holding");
    assert_eq!(hear().await, "commit");
    let committed = held.commit().await;
    say(if committed.is_ok() { "committed" } else { "refused" });
    let again = store.append(append("child", [3])).await.unwrap();
    say(&again.last.to_string());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f12_f20_a_process_that_stands_still_while_it_holds_the_log_is_got_over() {
    on_every_postgres(async |place| {
        let config = PostgresStoreConfig { busy_timeout_ms: PATIENT_MS, ..place.config() };
        let store = open(config).await;
        let mut child = ChildProcess::start(&place, "hold");
        assert_eq!(child.word(), "about to append");
        child.tell("append");
        assert_eq!(child.word(), "holding");
        child.signal("STOP");
        let appended = soon("the log to be free", store.append(append("a", [2]))).await.unwrap();
        assert_eq!(appended.last, Position::new(1));
        child.signal("CONT");
        child.tell("commit");
        assert_eq!((child.word(), child.word()), ("refused".into(), "2".into()));
        child.finish();
        assert_eq!(numbers(&store).await, [2, 3]);
        assert_sound(&store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f12_sessions_that_do_not_append_stall_nobody() {
    on_every_postgres(async |place| {
        let config = PostgresStoreConfig { busy_timeout_ms: 5_000, ..place.config() };
        let store = open(config).await;
        let reader = place.open().await;
        store.append(append("a", [1])).await.unwrap();
        // Each of them stays in its transaction until the end.
        let mut sessions = Vec::new();
        for statement in [
            "SELECT pg_advisory_lock(n) FROM generate_series(0, 9) n",
            "SELECT pg_advisory_xact_lock(hashtextextended('factum migrations of {name}', 0))",
            "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM {schema}.events",
            "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; SELECT count(*) FROM {schema}.events",
            "DECLARE feed CURSOR FOR SELECT * FROM {schema}.log; FETCH 1 FROM feed",
            "CREATE TABLE {schema}.work (n integer); INSERT INTO {schema}.work VALUES (1); \
             SELECT pg_current_xact_id()",
            "CREATE TEMPORARY TABLE kept AS SELECT * FROM {schema}.events",
            // As pg_dump does.
            "LOCK TABLE {schema}.append_lock, {schema}.events, {schema}.streams IN ACCESS SHARE MODE",
            "SELECT * FROM {schema}.append_lock",
        ] {
            let session = Session::connect(&place).await;
            let statement = place.sql(&statement.replace("{name}", &place.schema));
            session.client.batch_execute("BEGIN").await.unwrap();
            session.client.batch_execute(&statement).await.expect(&statement);
            sessions.push(session);
        }
        let mut watch = reader.watch();
        for number in 2..=50 {
            let appended = store.append(append("a", [number])).await.unwrap();
            assert_eq!(appended.last, Position::new(number));
            let seen = Position::new(number - 1);
            soon("the watch to wake", watch.past(seen)).await.unwrap();
            let events = common::after(&reader, seen).await;
            assert_eq!(events.len(), 1, "nothing is held back");
        }
        // Another program can begin as well, and an old one look after the store.
        let late = place.open().await;
        assert!(late.health().await.unwrap().writable);
        assert_eq!(numbers(&late).await, (1..=50).collect::<Vec<_>>());
        late.rebuild_claims().await.unwrap();
        assert_sound(&late).await;
        drop(sessions);
    })
    .await;
}
