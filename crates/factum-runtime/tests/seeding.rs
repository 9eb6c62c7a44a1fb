//! A seed is there once, however often it is sown.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::{AccountEvent, Deposit, accounts, memory};
use factum_core::{EventStoreExt, LogRead, Position, StreamId, Tag};
use factum_runtime::{Seed, SeedError, Seeded};

fn seed(amount: u64) -> Seed {
    let stream = |name: &str| -> StreamId { format!("account/{name}").parse().unwrap() };
    let opened = |email: &str| AccountEvent::Opened { email: email.into() };
    Seed::new("demo")
        .unwrap()
        .stream(&stream("ann"), [opened("a@x.org"), AccountEvent::Deposited { amount }])
        .unwrap()
        .stream(&stream("bob"), [opened("b@x.org")])
        .unwrap()
}

#[tokio::test]
async fn sowing_again_stores_nothing() {
    let store = memory();
    assert_eq!(seed(5).run(&store).await.unwrap(), Seeded { saved: 3, skipped: 0 });
    assert_eq!(seed(5).run(&store).await.unwrap(), Seeded { saved: 0, skipped: 3 });
    accounts(&store).execute("ann", Deposit(1)).await.unwrap();
    assert_eq!(seed(5).run(&store).await.unwrap(), Seeded { saved: 0, skipped: 3 });
    assert_eq!(accounts(&store).load("ann").await.unwrap().state.balance, 6);

    let lineage = Tag::new("seed", "demo").unwrap();
    let events = store.collect(LogRead::default()).await.unwrap();
    assert_eq!(events.iter().filter(|it| it.tags.contains(&lineage)).count(), 3);
}

#[tokio::test]
async fn ids_come_from_the_content() {
    let (one, other) = (memory(), memory());
    seed(5).run(&one).await.unwrap();
    seed(5).run(&other).await.unwrap();
    let ids = async |store: &factum_core::SharedStore| -> Vec<_> {
        store.collect(LogRead::default()).await.unwrap().iter().map(|it| it.id).collect()
    };
    assert_eq!(ids(&one).await, ids(&other).await);
    let third = memory();
    seed(6).run(&third).await.unwrap();
    assert_ne!(ids(&one).await[1], ids(&third).await[1]);
}

#[tokio::test]
async fn a_longer_seed_goes_on_where_the_shorter_one_ended() {
    let store = memory();
    seed(5).run(&store).await.unwrap();
    let more = AccountEvent::Deposited { amount: 1 };
    let longer = seed(5).stream(&"account/bob".parse().unwrap(), [more]).unwrap();
    assert_eq!(longer.run(&store).await.unwrap(), Seeded { saved: 1, skipped: 3 });
}

#[tokio::test]
async fn something_else_in_the_way_stops_all_of_it() {
    let store = memory();
    accounts(&store).execute("bob", common::Open("other@x.org")).await.unwrap();
    let error = seed(5).run(&store).await.unwrap_err();
    assert!(
        matches!(&error, SeedError::Occupied { stream, .. } if stream.id() == "bob"),
        "{error}"
    );
    assert_eq!(store.head().await.unwrap(), Position::new(1), "all or nothing");

    let store = memory();
    seed(5).run(&store).await.unwrap();
    let changed = seed(6).run(&store).await.unwrap_err();
    assert!(matches!(&changed, SeedError::Occupied { stream, .. } if stream.id() == "ann"));
}
