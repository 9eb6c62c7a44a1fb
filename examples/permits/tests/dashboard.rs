//! The dashboard equals a fold of the log, whichever store it is and however the program ends.
//!
//! The fold here knows nothing of the program: it reads what is stored.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may")]

mod program;

use std::collections::BTreeMap;
use std::fmt::Write;

use factum::prelude::*;
use program::{Place, Running, in_time, output};
use serde_json::Value;

/// Case, step, and when something last happened; position, step, and how long was waited.
type Tables = (Vec<(String, String, i64)>, Vec<(i64, String, i64)>);

async fn fold(store: &SharedStore, through: Position) -> Tables {
    let read = LogRead { through: Some(through), ..LogRead::default() };
    let (mut cases, mut waits) = (BTreeMap::<String, (String, i64)>::new(), Vec::new());
    for event in store.collect(read).await.unwrap() {
        let payload: Value = serde_json::from_slice(&event.payload).unwrap();
        let step = payload["step"].as_str().unwrap_or("confirm-receipt");
        let at = payload["at"].as_i64().unwrap();
        match cases.get_mut(event.stream.id()) {
            None => {
                cases.insert(event.stream.id().into(), (step.into(), at));
            }
            Some((last, last_at)) => {
                let position = i64::try_from(event.position.get()).unwrap();
                waits.push((position, step.into(), at - *last_at));
                *last_at = at;
                if step != "other" {
                    *last = step.into();
                }
            }
        }
    }
    (cases.into_iter().map(|(case, (step, at))| (case, step, at)).collect(), waits)
}

async fn tables(store: &SharedStore) -> Tables {
    let cases = "SELECT case_id, step, last_at FROM permit_cases";
    let cases = store.query_view(cases, &[]).await.unwrap();
    let cases = cases.iter().map(|row| {
        (row.get(0).unwrap(), row.get::<String>(1).unwrap(), row.get::<i64>(2).unwrap())
    });
    let mut cases: Vec<(String, String, i64)> = cases.collect();
    cases.sort_unstable(); // Databases order texts in their own ways.
    let waits = "SELECT position, step, waited FROM permit_waits ORDER BY position";
    let waits = store.query_view(waits, &[]).await.unwrap();
    let waits =
        waits.iter().map(|row| (row.get(0).unwrap(), row.get(1).unwrap(), row.get(2).unwrap()));
    (cases, waits.collect())
}

/// The checkpoint of the dashboard.
async fn checkpoint(store: &SharedStore) -> Position {
    let progress = store.progress(&"dashboard".parse().unwrap()).await.unwrap();
    progress.map_or(Position::START, |it| {
        assert_eq!(it.dead_letters + it.waiting_events, 0, "nothing is set aside");
        it.position
    })
}

/// Sees that the tables are a fold of the log up to the checkpoint; says where that is.
async fn check(store: &SharedStore, what: &str) -> Position {
    let position = checkpoint(store).await;
    if position > Position::START {
        assert_eq!(tables(store).await, fold(store, position).await, "{what} at {position}");
    }
    position
}

/// A log of many cases, in the columns of the receipt log. Every third case lacks its check, and a
/// fourth step is free.
fn long_log(cases: u32) -> String {
    let mut log = "case:concept:name,concept:instance,concept:name,org:resource,case:deadline,\
                   time:timestamp\n"
        .to_owned();
    let steps = [
        "Confirmation of receipt",
        "T02 Check confirmation of receipt",
        "T04 Determine confirmation of receipt",
        "T07 Draft intern advice",
        "T05 Print and send confirmation of receipt",
    ];
    for case in 0..cases {
        for (number, step) in steps.iter().enumerate() {
            if number == 1 && case % 3 == 0 {
                continue;
            }
            let (hour, minute) = (8 + number, (case + 7 * u32::from(number > 2)) % 60);
            let at = format!("2026-01-05 {hour:02}:{minute:02}:00.000000+01:00");
            writeln!(log, "case-{case},task-{number},{step},ann,,{at}").unwrap();
        }
    }
    log
}

#[tokio::test]
async fn a_replay_shows_a_dashboard_that_equals_the_fold() {
    let in_memory = output(&[]);
    assert!(in_memory.contains("6 cases as of position 36:"), "{in_memory}");
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log.csv");
    std::fs::write(&log, long_log(20)).unwrap();
    for place in Place::all() {
        let url = place.new_url().await;
        let said = output(&[log.to_str().unwrap(), &url]);
        let store = factum::connect(&url).await.unwrap();
        let head = store.head().await.unwrap();
        assert_eq!(check(&store, &place.name).await, head, "{}", place.name);
        let shown = output(&["dashboard", "--store", &url]);
        assert!(said.ends_with(&shown), "{}: {said}\n{shown}", place.name);
        let sent = shown.lines().find(|it| it.starts_with("send")).unwrap();
        let sent: Vec<&str> = sent.split_whitespace().collect();
        assert_eq!(sent.join(" "), "send 20 20 1h 00m 1h 00m 1h 00m", "{}", place.name);
    }
}

#[tokio::test]
async fn killed_half_way_and_run_again_it_ends_equal() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log.csv");
    std::fs::write(&log, long_log(100)).unwrap();
    let log = log.to_str().unwrap();
    for place in Place::all() {
        let url = place.new_url().await;
        let store = factum::connect(&url).await.unwrap();
        let mut before = Position::START;
        for kill_after in [40, 170, 290] {
            let running = Running::start(&["serve", log, "--store", &url]);
            in_time(store.watch().past(Position::new(kill_after))).await.unwrap();
            running.kill();
            let now = check(&store, &format!("{}, killed after {kill_after}", place.name)).await;
            assert!(before <= now, "{}: it went back from {before} to {now}", place.name);
            before = now;
        }
        let mut running = Running::start(&["serve", log, "--store", &url]);
        running.hear(&["replay", "ended"]);
        running.hear(&["100 cases as of position 466:"]);
        let (code, said) = running.interrupt();
        assert_eq!(code, Some(0), "{}: {said}", place.name);
        assert!(said.contains("dashboard  stopped at position 466"), "{said}");
        assert!(said.ends_with("stopped: everything ended in order\n"), "{said}");
        assert_eq!(check(&store, &place.name).await.get(), 466, "{}", place.name);
    }
}

#[tokio::test]
async fn a_replay_that_is_interrupted_goes_on_with_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log.csv");
    std::fs::write(&log, long_log(100)).unwrap();
    let place = Place::sqlite();
    let url = place.new_url().await;
    let store = factum::connect(&url).await.unwrap();
    let running = Running::start(&["serve", log.to_str().unwrap(), "--store", &url]);
    in_time(store.watch().past(Position::new(100))).await.unwrap();
    let (code, said) = running.interrupt();
    assert_eq!(code, Some(0), "{said}");
    check(&store, "interrupted").await;
    output(&[log.to_str().unwrap(), &url]);
    assert_eq!(check(&store, "replayed").await.get(), 466);
}
