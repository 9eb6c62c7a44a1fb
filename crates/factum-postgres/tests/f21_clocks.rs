//! F21: clocks that jump, and that differ between machines. Order never comes from a clock; times
//! are what the clock of the store that appends says.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use std::sync::Arc;

use common::requests::{append, command, command_id};
use common::{Place, all, assert_sound, numbers, on_every_postgres, open};
use factum_core::{
    AppendRequest, Clock, EventStore, EventStoreExt, LogRead, Maintenance, Position, QueryItem,
    Tag, Timestamp,
};
use factum_postgres::{PostgresStore, PostgresStoreConfig};
use factum_testkit::ManualClock;

const DAY_MS: i64 = 86_400_000;

async fn with_clock(place: &Place) -> (PostgresStore, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::default());
    let config = PostgresStoreConfig { clock: clock.clone(), ..place.config() };
    (open(config).await, clock)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f21_order_never_comes_from_a_clock() {
    on_every_postgres(async |place| {
        let (one, one_clock) = with_clock(&place).await;
        let (two, two_clock) = with_clock(&place).await;
        two_clock.advance_ms(-400 * 365 * DAY_MS);
        let jumps = [0, 1, -1, DAY_MS, -3 * DAY_MS, 100 * 365 * DAY_MS, -200 * 365 * DAY_MS, 5];
        let mut expected = Vec::new();
        for (number, jump) in (0..).zip(jumps.into_iter().cycle().take(24)) {
            let (store, clock) =
                if number % 2 == 0 { (&one, &one_clock) } else { (&two, &two_clock) };
            clock.advance_ms(jump);
            expected.push(clock.now());
            let appended = store.append(append("a", [number])).await.unwrap();
            assert_eq!(appended.last, Position::new(number + 1));
        }
        for store in [&one, &two] {
            assert_eq!(numbers(store).await, (0..24).collect::<Vec<_>>());
            let times: Vec<Timestamp> =
                all(store).await.iter().map(|event| event.recorded_at).collect();
            assert_eq!(times, expected);
            let tagged = QueryItem::default().tag(Tag::new("order", "3").unwrap());
            let found = store.collect(LogRead::after(tagged, Position::START)).await.unwrap();
            let found: Vec<u64> = found.iter().map(|event| event.position.get()).collect();
            assert_eq!(found, [4, 11, 18]);
            assert_sound(store).await;
        }
    })
    .await;
}

/// A command that is remembered until `until`.
fn remembered(number: u64, until: Timestamp) -> AppendRequest {
    let mut command = command("once", "a");
    command.expires_at = Some(until);
    append("a", [number]).command(command)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f21_commands_expire_by_the_clock_of_the_store_that_is_asked() {
    on_every_postgres(async |place| {
        let (store, clock) = with_clock(&place).await;
        let (late, late_clock) = with_clock(&place).await;
        late_clock.advance_ms(DAY_MS);
        let until = clock.now().plus_millis(1_000);
        assert!(!store.append(remembered(1, until)).await.unwrap().repeated);
        assert!(store.append(remembered(2, until)).await.unwrap().repeated);
        // Not a moment too early, in either way of asking.
        clock.advance_ms(999);
        assert!(store.append(remembered(2, until)).await.unwrap().repeated);
        assert!(store.recall(&command_id("once")).await.unwrap().is_some());
        assert_eq!(late.recall(&command_id("once")).await.unwrap(), None);
        clock.advance_ms(1);
        assert_eq!(store.recall(&command_id("once")).await.unwrap(), None);
        // A clock that goes back remembers again what was not forgotten yet.
        clock.advance_ms(-1);
        assert!(store.append(remembered(2, until)).await.unwrap().repeated);
        assert_eq!(numbers(&store).await, [1]);

        // Who finds it expired may send it anew; then that is the answer for everyone.
        let later = late_clock.now().plus_millis(1_000);
        assert!(!late.append(remembered(3, later)).await.unwrap().repeated);
        let again = store.append(remembered(4, later)).await.unwrap();
        assert_eq!((again.repeated, again.last), (true, Position::new(2)));
        assert_eq!(numbers(&store).await, [1, 3]);

        // Forgotten is forgotten, wherever clocks go from there.
        late_clock.advance_ms(1_000);
        late.compact().await.unwrap();
        assert_eq!(late.stats().await.unwrap().commands, 0);
        clock.advance_ms(-30 * DAY_MS);
        assert_eq!(store.recall(&command_id("once")).await.unwrap(), None);
        assert!(!store.append(remembered(5, later)).await.unwrap().repeated);
        assert_eq!(numbers(&store).await, [1, 3, 5]);
        assert_sound(&store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f21_a_time_that_the_caller_gives_is_kept_as_it_is() {
    on_every_postgres(async |place| {
        let (store, clock) = with_clock(&place).await;
        let times = [0, -1, i64::MAX, i64::MIN, 1, clock.now().as_micros()];
        for (number, time) in (0..).zip(times) {
            let mut request = append("a", [number]);
            request.events[0].1.recorded_at = Some(Timestamp::from_micros(time));
            store.append(request).await.unwrap();
        }
        let found: Vec<i64> =
            all(&store).await.iter().map(|event| event.recorded_at.as_micros()).collect();
        assert_eq!(found, times);
        assert_sound(&store).await;
    })
    .await;
}
