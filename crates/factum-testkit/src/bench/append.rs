//! How fast appends are: in batches, one by one, many callers at once, under each kind of guard.

use std::sync::Arc;
use std::time::Instant;

use factum_core::{
    AppendError, AppendRequest, ClaimChange, Command, CommandId, Expected, NewEvent, Position,
    QueryItem, Revision, SharedStore, Tag,
};
use futures::future::try_join_all;

use super::{BenchPlan, Events, Measurement, Stopwatch, claim, stream};

/// Makes the request of append number `number`.
type Request = fn(&mut Events, u64, Position) -> AppendRequest;

/// The cases that append one event at a time.
const SINGLE: &[(&str, Request)] = &[
    ("append one by one", |events, _, _| events.batch(stream("single", 0), 1)),
    ("append, no stream expected", |events, number, _| {
        let event = events.one();
        AppendRequest::default().stream(stream("new", number), Expected::NoStream, [event])
    }),
    ("append, stream expected to exist", |events, number, _| {
        let expected = if number == 0 { Expected::NoStream } else { Expected::Exists };
        AppendRequest::default().stream(stream("exists", 0), expected, [events.one()])
    }),
    ("append, revision expected", |events, number, _| {
        let last = number.checked_sub(1).map(Revision::new);
        let expected = last.map_or(Expected::NoStream, Expected::Revision);
        AppendRequest::default().stream(stream("revision", 0), expected, [events.one()])
    }),
    ("append, no match expected", |events, number, head| {
        let tag = Tag::new("seat", &number.to_string()).expect("the tag is valid");
        let request = events.batch(stream("query", 0), 1);
        let after = if number % 2 == 0 { Position::START } else { head };
        request.none_match(QueryItem::default().tag(tag), after)
    }),
    ("append with a claim", |events, number, _| {
        let claims = vec![ClaimChange::Take(claim(number))];
        let event = NewEvent { claims, ..events.one() };
        AppendRequest::default().stream(stream("claim", number), Expected::Any, [event])
    }),
    ("append with a command", |events, number, _| {
        let to = stream("command", 0);
        let id = CommandId::new(format!("bench {number}")).expect("the id is valid");
        let command = Command::new(id, &to);
        events.batch(to, 1).command(command)
    }),
];

pub(super) async fn run(
    store: &SharedStore,
    plan: &BenchPlan,
) -> Result<Vec<Measurement>, AppendError> {
    let mut measured = vec![
        batches(store, plan, 1, "append batches of 100", 100).await?,
        batches(store, plan, 2, "append batches of 1,000", 1_000).await?,
        callers(store, plan).await?,
    ];
    for (case, (name, request)) in (10..).zip(SINGLE) {
        measured.push(single(store, plan, case, name, *request).await?);
    }
    Ok(measured)
}

async fn batches(
    store: &SharedStore,
    plan: &BenchPlan,
    case: u64,
    name: &'static str,
    size: u64,
) -> Result<Measurement, AppendError> {
    let mut events = Events::new(case, plan);
    let count = plan.batch_events.div_ceil(size);
    let requests: Vec<_> = (0..count)
        .map(|it| events.batch(stream(&format!("batch{size}"), it % 100), size))
        .collect();
    let mut watch = Stopwatch::start();
    for request in requests {
        let since = Instant::now();
        store.append(request).await?;
        watch.lap(since);
    }
    Ok(watch.stop(name, count * size))
}

async fn callers(store: &SharedStore, plan: &BenchPlan) -> Result<Measurement, AppendError> {
    let mut watch = Stopwatch::start();
    let calls = (0..plan.callers).map(|caller| {
        let (store, mut events) = (Arc::clone(store), Events::new(1_000 + caller, plan));
        let appends = plan.single_appends;
        let work = async move {
            let mut laps = Stopwatch::start();
            for _ in 0..appends {
                let since = Instant::now();
                store.append(events.batch(stream("caller", caller), 1)).await?;
                laps.lap(since);
            }
            Ok::<_, AppendError>(laps.calls)
        };
        let task = tokio::spawn(work);
        async move { task.await.expect("an append does not panic") }
    });
    watch.calls = try_join_all(calls).await?.concat();
    Ok(watch.stop("append by many callers at once", plan.callers * plan.single_appends))
}

async fn single(
    store: &SharedStore,
    plan: &BenchPlan,
    case: u64,
    name: &'static str,
    request: Request,
) -> Result<Measurement, AppendError> {
    let mut events = Events::new(case, plan);
    let mut head = store.head().await?;
    let mut watch = Stopwatch::start();
    for number in 0..plan.single_appends {
        let request = request(&mut events, number, head);
        let since = Instant::now();
        head = store.append(request).await?.last;
        watch.lap(since);
    }
    Ok(watch.stop(name, plan.single_appends))
}
