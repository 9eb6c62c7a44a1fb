//! F9, F10, F11: appends that are held open or rolled back. Positions stay dense, and no reader ever
//! passes an event that comes later.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::requests::{append, claiming, command, number, stream};
use common::session::Session;
use common::{Place, after, all, assert_sound, numbers, on_every_postgres, open, soon};
use factum_core::{EventStore, EventStoreExt, LogRead, Position, TenantId, TenantScope};
use factum_postgres::PostgresStore;
use fastrand::Rng;

/// Reads on from what it has seen; what it reads must follow on that.
struct Reader {
    store: PostgresStore,
    seen: Vec<u64>,
}

impl Reader {
    async fn new(place: &Place) -> Self {
        Self { store: place.open().await, seen: Vec::new() }
    }

    fn position(&self) -> Position {
        Position::new(self.seen.len() as u64)
    }

    async fn read(&mut self) {
        for event in after(&self.store, self.position()).await {
            assert_eq!(event.position, self.position().plus(1), "events follow one another");
            self.seen.push(number(&event));
        }
    }

    /// Follows the feed until it holds so many events.
    async fn follow(mut self, events: usize) -> Vec<u64> {
        let mut watch = self.store.watch();
        while self.seen.len() < events {
            soon("the feed to go on", watch.past(self.position())).await.unwrap();
            self.read().await;
        }
        self.seen
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f9_a_reader_never_passes_an_append_that_is_held_open() {
    on_every_postgres(async |place| {
        let (store, other) = (place.open().await, place.open().await);
        let mut reader = Reader::new(&place).await;
        let (mut holder, observer) =
            (Session::connect(&place).await, Session::connect(&place).await);
        for (round, base) in (0..20).step_by(4).enumerate() {
            let held = holder.client.transaction().await.unwrap();
            let answer = store.append_in(&held, append("held", [base, base + 1])).await.unwrap();
            assert_eq!(answer.first, Some(Position::new(base + 1)));
            let waiting = [(&store, base + 2), (&other, base + 3)].map(|(store, number)| {
                let store = store.clone();
                tokio::spawn(async move { store.append(append("waits", [number])).await })
            });
            // Both stand in the queue before anyone reads.
            common::until("two sessions to wait", async || {
                (observer.blocked_by(holder.pid).await.len() == 2).then_some(())
            })
            .await;
            reader.read().await;
            assert_eq!(reader.seen.len(), 4 * round, "nothing is seen before the held append");
            assert_eq!(other.head().await.unwrap(), Position::new(base));
            held.commit().await.unwrap();
            for append in waiting {
                append.await.unwrap().unwrap();
            }
            reader.read().await;
            assert_eq!(reader.seen[4 * round..4 * round + 2], [base, base + 1]);
            assert_eq!(reader.seen.len(), 4 * round + 4);
        }
        assert_eq!(numbers(&store).await, reader.seen);
        assert_sound(&store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f9_a_feed_over_many_sessions_sees_every_event_once_and_in_order() {
    const SESSIONS: u64 = 6;
    const APPENDS: u64 = 40;
    on_every_postgres(async |place| {
        let store = place.open().await;
        let (ready, wait) = tokio::sync::watch::channel(false);
        let mut writers = Vec::new();
        for writer in 0..SESSIONS {
            let (place, store, mut wait) = (place.clone(), store.clone(), wait.clone());
            writers.push(tokio::spawn(async move {
                let mut session = Session::connect(&place).await;
                let mut random = Rng::with_seed(writer);
                wait.wait_for(|ready| *ready).await.unwrap();
                let mut stored = 0;
                for round in 0..APPENDS {
                    let first = 1_000 * writer + 4 * round;
                    let numbers = first..first + random.u64(1..4);
                    let events = numbers.end - numbers.start;
                    if random.u8(..3) == 0 {
                        store.append(append("shared", numbers)).await.unwrap();
                        stored += events;
                        continue;
                    }
                    let own = session.client.transaction().await.unwrap();
                    store.append_in(&own, append("shared", numbers)).await.unwrap();
                    if random.bool() {
                        own.commit().await.unwrap();
                        stored += events;
                    } else {
                        own.rollback().await.unwrap();
                    }
                }
                stored
            }));
        }
        ready.send(true).unwrap();
        // The number of events is known at the end only: the feed is followed to an event that
        // comes after all others.
        let reader = Reader::new(&place).await;
        let following = tokio::spawn(async move {
            let (mut reader, mut watch) = (reader, store.watch());
            while reader.seen.last() != Some(&u64::MAX) {
                soon("the feed to go on", watch.past(reader.position())).await.unwrap();
                reader.read().await;
            }
            reader.seen
        });
        let mut stored = 0;
        for writer in writers {
            stored += writer.await.unwrap();
        }
        let store = place.open().await;
        store.append(append("last", [u64::MAX])).await.unwrap();
        let seen = following.await.unwrap();
        assert_eq!(seen.len() as u64, stored + 1);
        assert_eq!(seen, numbers(&store).await);
        assert_sound(&store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f10_a_rolled_back_append_leaves_no_hole_and_the_feed_goes_on() {
    on_every_postgres(async |place| {
        let store = place.open().await;
        let observer = Session::connect(&place).await;
        let following = tokio::spawn(Reader::new(&place).await.follow(13));
        store.append(append("a", [0])).await.unwrap();
        for round in 1..=12 {
            let mut session = Session::connect(&place).await;
            let pid = session.pid;
            let own = session.client.transaction().await.unwrap();
            let undone = append("a", [100 * round, 100 * round + 1]);
            let answer = store.append_in(&own, undone).await.unwrap();
            assert_eq!(answer.first, Some(Position::new(round + 1)));
            match round % 4 {
                0 => own.rollback().await.unwrap(),
                1 => drop(own),
                2 => {
                    // An error of the caller's gives the whole transaction up.
                    assert!(own.batch_execute("SELECT 1 / 0").await.is_err());
                    assert_eq!(
                        own.commit().await.err().map(drop),
                        None,
                        "a commit that rolls back"
                    );
                }
                _ => {
                    drop(own);
                    session.disconnect();
                    observer.until_gone(pid).await;
                }
            }
            let appended = store.append(append("a", [round])).await.unwrap();
            assert_eq!(appended.last, Position::new(round + 1));
        }
        let expected: Vec<u64> = (0..=12).collect();
        assert_eq!(soon("the feed to hold everything", following).await.unwrap(), expected);
        assert_eq!(numbers(&store).await, expected);
        assert_sound(&store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f11_the_first_append_of_all_is_rolled_back() {
    on_every_postgres(async |place| {
        let store = place.open().await;
        let mut session = Session::connect(&place).await;
        for _ in 0..2 {
            let own = session.client.transaction().await.unwrap();
            let request = claiming("a", 7, "ann@example.org").command(command("first", "a"));
            let answer = store.append_in(&own, request).await.unwrap();
            assert_eq!((answer.first, answer.repeated), (Some(Position::new(1)), false));
            own.rollback().await.unwrap();
        }
        assert_eq!(store.head().await.unwrap(), Position::START);
        assert_eq!(all(&store).await, []);
        // The names, the claim and the command of it are as new as they were.
        let request = claiming("b", 8, "ann@example.org").command(command("first", "b"));
        let answer = store.append(request).await.unwrap();
        assert_eq!((answer.first, answer.repeated), (Some(Position::new(1)), false));
        store.append(append("a", [7])).await.unwrap();
        assert_eq!(numbers(&store).await, [8, 7]);
        let own =
            store.collect_stream(factum_core::StreamRead::forward(stream("a"))).await.unwrap();
        assert_eq!(own.len(), 1);
        assert_sound(&store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f11_roll_backs_right_at_the_head_and_at_the_edges_of_pages() {
    on_every_postgres(async |place| {
        let store = place.open().await;
        let mut session = Session::connect(&place).await;
        let mut reader = Reader::new(&place).await;
        for round in 0..24_u64 {
            // None, one or two roll-backs at a place, right before what is stored there.
            for undone in 0..round % 3 {
                let own = session.client.transaction().await.unwrap();
                let answer = store.append_in(&own, append("u", [900 + undone])).await.unwrap();
                assert_eq!(answer.last, Position::new(round + 1));
                reader.read().await;
                own.rollback().await.unwrap();
                reader.read().await;
            }
            store.append(append("a", [round])).await.unwrap();
            reader.read().await;
            assert_eq!(reader.position(), Position::new(round + 1));
        }
        let expected: Vec<u64> = (0..24).collect();
        assert_eq!(reader.seen, expected);
        for page_events_max in [1, 2, 3, 23, 24, 25] {
            for from in [0, 1, 22, 23, 24] {
                let request =
                    LogRead { after: Position::new(from), page_events_max, ..LogRead::default() };
                let found: Vec<u64> =
                    store.collect(request).await.unwrap().iter().map(number).collect();
                assert_eq!(found, (from..24).collect::<Vec<_>>());
            }
        }
        assert_sound(&store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f11_a_tenant_that_was_only_in_a_rolled_back_append_leaves_nothing() {
    on_every_postgres(async |place| {
        let tenant = |name: &str| TenantScope::One(TenantId::new(name).unwrap());
        let config = |name: &str| factum_postgres::PostgresStoreConfig {
            scope: tenant(name),
            ..place.config()
        };
        let (one, two) = (open(config("one")).await, open(config("two")).await);
        one.append(append("a", [1])).await.unwrap();
        let mut session = Session::connect(&place).await;
        let own = session.client.transaction().await.unwrap();
        two.append_in(&own, append("a", [2])).await.unwrap();
        assert_eq!(all(&one).await.len(), 1);
        own.rollback().await.unwrap();
        assert_eq!(all(&two).await, []);
        two.append(append("a", [3])).await.unwrap();
        assert_eq!(all(&two).await[0].position, Position::new(2));
        one.append(append("a", [4])).await.unwrap();
        let own: Vec<u64> = all(&one).await.iter().map(number).collect();
        assert_eq!(own, [1, 4]);
        assert_sound(&one).await;
    })
    .await;
}
