//! A session that keeps an old snapshot keeps every version of a row that is written over and over:
//! looking a subscription up must not walk past all of them.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::session::Session;
use common::views::{named, reached, run, step};
use common::{Place, on_every_postgres};
use factum_core::{
    Advanced, CheckpointStore, Instruction, LeaseStore, Position, ProgressList, SubscriptionReport,
};
use futures::future::join_all;

const LOOK_UP: &str = include_str!("../src/sql/subscriptions/progress.sql");
const LIST: &str = include_str!("../src/sql/subscriptions/list.sql");
const STEPS: u64 = 3_000;

/// How many pages a statement looks at.
async fn pages(session: &Session, place: &Place, sql: &str, binds: &[&str]) -> u64 {
    let mut sql = place.sql(sql);
    for (number, value) in binds.iter().enumerate().rev() {
        sql = sql.replace(&format!("${}", number + 1), value);
    }
    let sql: String = sql.lines().filter(|it| !it.starts_with("--")).collect::<Vec<_>>().join(" ");
    session.client.batch_execute("SET enable_seqscan = off").await.unwrap();
    let explained = format!("EXPLAIN (ANALYZE, BUFFERS, TIMING off, SUMMARY off) {sql}");
    let lines = session.client.simple_query(&explained).await.unwrap();
    let line = lines.iter().find_map(|it| match it {
        tokio_postgres::SimpleQueryMessage::Row(row) => {
            let line = row.get(0).unwrap();
            line.contains("Buffers: shared").then(|| line.to_owned())
        }
        _ => None,
    });
    let line = line.expect("a plan says how many pages it looked at");
    let count = |what: &str| -> u64 {
        let found = line.split(what).nth(1).map(|it| {
            it.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap()
        });
        found.unwrap_or(0)
    };
    count("hit=") + count("read=")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_held_snapshot_slows_no_look_up() {
    on_every_postgres(async |place| {
        let store = place.open().await;
        let lease = run(&store, "mails").await;
        let observer = Session::connect(&place).await;
        let holder = Session::connect(&place).await;
        let hold = place
            .sql("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM {schema}.events");
        holder.client.batch_execute(&hold).await.unwrap();
        for at in 0..STEPS {
            let stored = store.advance(step(&lease, at, at + 1)).await.unwrap();
            assert_eq!(stored, Advanced::Stored { instructions: 0 });
            if at % 10 == 0 {
                store.renew_lease(&lease, SubscriptionReport::default()).await.unwrap();
            }
        }
        let looked_at = pages(&observer, &place, LOOK_UP, &["'default'", "'mails'"]).await;
        assert!(looked_at < 40, "looking one up took {looked_at} pages");
        let binds = ["''", "''", "'zzz'", "''", "100"];
        let listed = pages(&observer, &place, LIST, &binds).await;
        assert!(listed < 40, "listing took {listed} pages");
        assert_eq!(reached(&store, "mails").await, STEPS);
        let all = store.subscriptions(ProgressList::default()).await.unwrap();
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].position, Position::new(STEPS));
        common::assert_sound(&store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_moves_loses_no_write() {
    on_every_postgres(async |place| {
        let store = place.open().await;
        let other = place.open().await;
        let lease = run(&store, "mails").await;
        let orders = async |store: &factum_postgres::PostgresStore, who: &str| {
            for number in 0..100 {
                let reason = format!("{who} {number}");
                store.instruct(&named("mails"), Instruction::Pause { reason }).await.unwrap();
            }
        };
        let steps = async {
            for at in 0..200 {
                store.advance(step(&lease, at, at + 1)).await.unwrap();
                store.renew_lease(&lease, SubscriptionReport::default()).await.unwrap();
            }
        };
        let looks = async {
            for _ in 0..200 {
                assert!(other.progress(&named("mails")).await.unwrap().is_some());
            }
        };
        let ordering = join_all([orders(&store, "a"), orders(&other, "b"), orders(&other, "c")]);
        futures::join!(ordering, steps, looks);
        let found = store.progress(&named("mails")).await.unwrap().unwrap();
        assert_eq!((found.instructions, found.beat), (300, 200));
        assert_eq!(found.position, Position::new(200));
        store.release_lease(&lease, SubscriptionReport::default()).await.unwrap();
        assert!(store.forget(&named("mails")).await.unwrap());
        let again = run(&store, "mails").await;
        assert_eq!(again.epoch, lease.epoch.next());
        common::assert_sound(&store).await;
    })
    .await;
}
