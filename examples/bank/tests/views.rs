//! The bank's tables equal a fold of its log, whichever store it is and however the program ends.
//!
//! The fold here knows nothing of the program: it reads what is stored.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may")]

mod program;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;

use factum::prelude::*;
use program::{Place, Running, in_time, output};
use serde_json::Value;

const VIEWS: [&str; 3] = ["balances", "statements", "leaderboard"];

/// Rows as text, in some order.
type Rows = Vec<Vec<String>>;

/// What the tables should hold.
#[derive(Default)]
struct Folded {
    balances: BTreeMap<String, (String, i64, String)>,
    statements: BTreeMap<(String, u64), Vec<String>>,
    leads: Rows,
}

impl Folded {
    async fn of(store: &SharedStore, through: Position) -> Self {
        let read = LogRead { through: Some(through), ..LogRead::default() };
        let mut folded = Self::default();
        for event in store.collect(read).await.unwrap() {
            folded.note(&event);
        }
        folded
    }

    fn note(&mut self, event: &RecordedEvent) {
        let payload: Value = serde_json::from_slice(&event.payload).unwrap();
        let (account, at) = (event.stream.id().to_owned(), event.recorded_at.to_string());
        let cents = || payload["cents"].as_i64().unwrap();
        let cents = match event.event_type.as_str() {
            "account.opened" => {
                let owner = payload["holder"].as_str().unwrap().to_owned();
                self.balances.insert(account, (owner, 0, at));
                return;
            }
            "account.deposited" => cents(),
            "account.withdrawn" => -cents(),
            _ => return,
        };
        let (_, balance, since) = self.balances.get_mut(&account).unwrap();
        *balance += cents;
        since.clone_from(&at);
        let line = vec![at.clone(), cents.to_string(), balance.to_string()];
        self.statements.insert((account, event.position.get()), line);
        let richest =
            self.balances.iter().max_by_key(|(name, it)| (it.1, std::cmp::Reverse(*name)));
        let (leader, (_, with, _)) = richest.unwrap();
        if *with > 0 && self.leads.last().is_none_or(|it| &it[2] != leader) {
            self.leads.push(vec![event.position.to_string(), at, leader.clone(), with.to_string()]);
        }
    }
}

async fn rows(store: &SharedStore, sql: &str) -> Rows {
    let text = |value: &SqlValue<'_>| match value {
        SqlValue::Integer(it) => it.to_string(),
        SqlValue::Text(it) => it.to_string(),
        other => panic!("expected a number or a text, found {}", other.kind()),
    };
    let rows = store.query_view(sql, &[]).await.unwrap();
    rows.iter().map(|row| row.values().iter().map(text).collect()).collect()
}

/// The checkpoint of a view, while nobody moves it.
async fn checkpoint(store: &SharedStore, view: &str) -> Position {
    let progress = store.progress(&view.parse().unwrap()).await.unwrap();
    progress.map_or(Position::START, |it| {
        assert_eq!(it.dead_letters + it.waiting_events, 0, "{view}: nothing is set aside");
        it.position
    })
}

/// Sees that every table is a fold of the log up to its checkpoint; says where these are.
async fn check(store: &SharedStore, what: &str) -> [Position; 3] {
    let mut positions = [Position::START; 3];
    for (view, position) in VIEWS.into_iter().zip(&mut positions) {
        *position = checkpoint(store, view).await;
        if *position == Position::START {
            continue; // Perhaps killed before it had its tables.
        }
        let folded = Folded::of(store, *position).await;
        let accounts = folded.balances.iter();
        let what = format!("{what}: {view} at {position}");
        if view == "balances" {
            let list = "SELECT account, owner, cents, since FROM balances ORDER BY account";
            let expected: Rows = accounts
                .map(|(account, (owner, cents, since))| {
                    vec![account.clone(), owner.clone(), cents.to_string(), since.clone()]
                })
                .collect();
            assert_eq!(rows(store, list).await, expected, "{what}");
        } else if view == "statements" {
            let list = "SELECT at, cents, balance FROM statements ORDER BY account, position";
            let expected: Rows = folded.statements.into_values().collect();
            assert_eq!(rows(store, list).await, expected, "{what}");
        } else {
            let list = "SELECT account, cents FROM leaderboard ORDER BY account";
            let expected: Rows =
                accounts.map(|(account, it)| vec![account.clone(), it.1.to_string()]).collect();
            assert_eq!(rows(store, list).await, expected, "{what}");
            let list = "SELECT position, at, account, cents FROM leads ORDER BY position";
            assert_eq!(rows(store, list).await, folded.leads, "{what}");
        }
    }
    positions
}

/// Waits until every view has seen the whole log. Nobody appends meanwhile.
async fn caught_up(store: &SharedStore) {
    let head = store.head().await.unwrap();
    for view in VIEWS {
        while checkpoint(store, view).await < head {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn the_demo_shows_balances_that_equal_the_fold() {
    for place in Place::all() {
        let url = place.new_url().await;
        let said = output(&url, "demo");
        assert!(said.contains("transfer to bob  -12.34   112.66"), "{}: {said}", place.name);
        output(&url, "demo");
        let store = factum::connect(&url).await.unwrap();
        assert_eq!(check(&store, &place.name).await, [store.head().await.unwrap(); 3]);
        let statement = output(&url, "statement bob");
        assert!(statement.contains("transfer from ann   12.34   124.68"), "{statement}");
        assert!(output(&url, "leaderboard").contains("1.  ann"), "{}", place.name);
        assert!(output(&url, "balances").contains("bob      Bob Bobson   124.68"));
    }
}

#[tokio::test]
async fn killed_again_and_again_under_traffic_the_tables_equal_the_fold() {
    for place in Place::all() {
        let url = place.new_url().await;
        let store = factum::connect(&url).await.unwrap();
        let mut before = [Position::START; 3];
        for round in 0..4 {
            let target = store.head().await.unwrap().plus(100 + 31 * round);
            let running = Running::start(&url, "serve --traffic 100000");
            in_time(store.watch().past(target)).await.unwrap();
            running.kill();
            let now = check(&store, &format!("{}, round {round}", place.name)).await;
            assert!(before.iter().zip(now).all(|(before, now)| *before <= now), "none goes back");
            before = now;
        }
        assert!(before.iter().all(|it| *it > Position::START), "{}: {before:?}", place.name);
        let mut running = Running::start(&url, "serve");
        running.hear(&["balances"]); // So it listens for the signal.
        in_time(caught_up(&store)).await;
        let (code, said) = running.interrupt();
        assert_eq!(code, Some(0), "{}: {said}", place.name);
        assert_eq!(check(&store, &place.name).await, [store.head().await.unwrap(); 3]);
    }
}

#[tokio::test]
async fn control_c_ends_everything_in_order() {
    let place = Place::sqlite();
    let url = place.new_url().await;
    let store = factum::connect(&url).await.unwrap();
    let mut running = Running::start(&url, "serve --traffic 1000 --health 127.0.0.1:0");
    let address = running.hear(&["health", "http://"]);
    let address = address.trim().rsplit_once("//").unwrap().1.trim_end_matches("/health");
    in_time(store.watch().past(Position::new(50))).await.unwrap();
    running.hear(&["bank"]);
    let mut probe = TcpStream::connect(address).unwrap();
    write!(probe, "GET /health HTTP/1.1\r\nHost: bank\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    probe.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(VIEWS.iter().all(|it| answer.contains(&format!(r#""name":"{it}""#))), "{answer}");

    let (code, said) = running.interrupt();
    assert_eq!(code, Some(0), "{said}");
    let ended = |words: &str| said.find(words).unwrap_or_else(|| panic!("{words}: {said}"));
    let traffic = ended("traffic      ended after");
    let views = VIEWS.map(|it| ended(&format!("{it:<12} stopped at position")));
    assert!(views.iter().all(|it| traffic < *it && *it < ended("stopped: everything")), "{said}");
    check(&store, "after control-C").await;
}

#[tokio::test]
async fn the_log_of_the_first_program_makes_the_same_tables() {
    let lines = include_str!("../fixtures/bank-v1.jsonl").lines();
    let events: Vec<(StreamId, NewEvent)> = lines
        .map(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            let text = |name: &str| line[name].as_str().unwrap().to_owned();
            let event_type = text("type").parse().unwrap();
            let payload = line["payload"].to_string();
            let mut event = NewEvent::new(RandomIds.next_id(), event_type, Codec::Json, payload);
            if let Some(email) = line["metadata"]["email"].as_str() {
                event.metadata.insert("email", email).unwrap();
            }
            (text("stream").parse().unwrap(), event)
        })
        .collect();
    for place in Place::all() {
        let url = place.new_url().await;
        let store = factum::connect(&url).await.unwrap();
        let request = AppendRequest { events: events.clone(), ..AppendRequest::default() };
        store.append(request).await.unwrap();
        let running = Running::start(&url, "serve");
        in_time(caught_up(&store)).await;
        assert_eq!(running.interrupt().0, Some(0));
        let list = "SELECT account, cents FROM balances ORDER BY account";
        let expected = [["ann", "7500"], ["bob", "3000"]];
        assert_eq!(rows(&store, list).await, expected, "{}", place.name);
        let at_end = "SELECT MAX(balance) FROM statements WHERE position = \
                    (SELECT MAX(position) FROM statements WHERE account = 'ann')";
        assert_eq!(rows(&store, at_end).await, [["7500"]], "{}", place.name);
    }
}
