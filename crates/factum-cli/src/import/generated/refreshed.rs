//! Extracts of one source, one after another: rows in other orders, rows that came late, rows
//! that are alike. Of each row, the store holds as many as the extract with most of them.

use std::collections::BTreeMap;
use std::fmt::Write;

use factum::{
    AppendRequest, Codec, EventId, EventStoreExt, EventType, LogRead, NewEvent, Position, Query,
    SharedStore, StreamId, Timestamp,
};
use fastrand::Rng;
use futures::TryStreamExt;

use super::super::batches::{Batch, OnError};
use super::super::fuzz::{Round, input, options, seeds};
use super::super::identity::Kind;
use super::super::source::{BadRows, Item, Source};
use super::super::writer::{Rules, Writer, Written};
use super::super::{CsvColumns, CsvSource, JsonlSource, TenantRule, TimeOptions};

/// A row: which case, which type, which hour.
type Row = (u8, u8, u8);

fn items(mut source: impl Source) -> Vec<Item> {
    std::iter::from_fn(|| source.next().unwrap()).collect()
}

fn of_csv(rows: &[Row]) -> Vec<Item> {
    let columns = "case:concept:name,concept:name,time:timestamp,case:size,note";
    let cells = rows.iter().map(|(case, kind, hour)| {
        format!("c{case},t{kind},2024-01-01 {hour:02}:00,{case},n{kind}")
    });
    let mut file = String::new();
    for line in std::iter::once(columns.to_owned()).chain(cells) {
        // Another extract has its columns in another order.
        let mut fields: Vec<&str> = line.split(',').collect();
        fields.rotate_left(rows.len() % 5);
        writeln!(file, "{}", fields.join(",")).unwrap();
    }
    let input = input(file.into(), None, false).unwrap();
    items(CsvSource::new(input, &options::<CsvColumns>(&[])).unwrap())
}

fn of_lines(rows: &[Row]) -> Vec<Item> {
    let mut file = String::new();
    for (case, kind, hour) in rows {
        let line = format!(
            "{{\"stream\":\"case/c{case}\",\"type\":\"t{kind}\",\"payload\":{{}},\
              \"recorded_at\":\"2024-01-01T{hour:02}:00:00Z\"}}\n"
        );
        file.push_str(&line);
    }
    let input = input(file.into(), None, false).unwrap();
    items(JsonlSource::new(input, TenantRule::Ignore, TimeOptions::default()))
}

/// Lines that bring their ids, as if exports had been put together.
fn of_lines_with_ids(rows: &[Row]) -> Vec<Item> {
    let mut file = String::new();
    let mut counts = BTreeMap::<Row, u8>::new();
    for row @ (case, kind, hour) in rows {
        let count = counts.entry(*row).or_default();
        let id = EventId::from_content(&[&[*case, *kind, *hour, *count]]);
        let position = u32::from(*hour) * 100 + u32::from(*kind);
        let line = format!(
            "{{\"stream\":\"case/c{case}\",\"type\":\"t{kind}\",\"payload\":{{}},\"id\":\"{id}\",\
              \"recorded_at\":\"2024-01-01T{hour:02}:00:00Z\",\"position\":{position}}}\n"
        );
        file.push_str(&line.repeat(if hour % 3 == 0 { 2 } else { 1 }));
        *count += 1;
    }
    let input = input(file.into(), None, false).unwrap();
    items(JsonlSource::new(input, TenantRule::Ignore, TimeOptions::default()))
}

async fn import(store: &SharedStore, kind: Kind, mut items: Vec<Item>, rng: &mut Rng) -> Written {
    let (name, on_error) = ("file".to_owned(), OnError::Stop);
    let rules = Rules { name, on_error, kind, store_changed: false };
    let mut writer = Writer::new(SharedStore::clone(store), Query::all(), rules).await.unwrap();
    while !items.is_empty() {
        let rest = items.split_off(rng.usize(1..=items.len()));
        let items = std::mem::replace(&mut items, rest);
        writer.write(Batch { items, ..Batch::default() }).await.unwrap();
    }
    assert_eq!(writer.bad_rows.count, BadRows::default().count);
    writer.written
}

async fn stored(store: &SharedStore) -> BTreeMap<Row, usize> {
    let mut counts = BTreeMap::new();
    let mut events = store.events(LogRead::after(Query::all(), Position::START));
    while let Some(event) = events.try_next().await.unwrap() {
        let number = |text: &str| text[1..].parse::<u8>().unwrap();
        let hour = event.recorded_at.to_string()[11..13].parse().unwrap();
        let row = (number(event.stream.id()), number(event.event_type.as_str()), hour);
        *counts.entry(row).or_default() += 1;
    }
    counts
}

fn counted(rows: &[Row]) -> BTreeMap<Row, usize> {
    let mut counts = BTreeMap::new();
    for row in rows {
        *counts.entry(*row).or_default() += 1;
    }
    counts
}

/// Another extract: rows left out, rows come late, all in another order.
fn refreshed(rng: &mut Rng, rows: &[Row]) -> Vec<Row> {
    let mut next: Vec<Row> = rows.iter().copied().filter(|_| rng.u8(..10) > 0).collect();
    for _ in 0..rng.usize(..6) {
        let row = (rng.u8(..3), rng.u8(..3), rng.u8(..4));
        next.insert(rng.usize(..=next.len()), row);
    }
    if rng.bool() {
        rng.shuffle(&mut next);
    }
    next
}

async fn import_refreshed(
    seed: u64,
    kind: Kind,
    of: fn(&[Row]) -> Vec<Item>,
    first_by: impl AsyncFn(&SharedStore, &[Row]),
) {
    let rng = &mut Rng::with_seed(seed);
    let store = factum::connect("memory:").await.unwrap();
    let mut rows = refreshed(rng, &[]);
    first_by(&store, &rows).await;
    let mut most = counted(&rows);
    for _ in 0..4 {
        let before: usize = stored(&store).await.values().sum();
        let written = import(&store, kind, of(&rows), rng).await;
        for (row, count) in counted(&rows) {
            let known = most.entry(row).or_default();
            *known = count.max(*known);
        }
        assert_eq!(stored(&store).await, most);
        assert_eq!(written.stored, (most.values().sum::<usize>() - before) as u64);
        rows = refreshed(rng, &rows);
    }
}

/// A seed has several imports.
fn some_seeds() -> impl Iterator<Item = u64> {
    seeds().step_by(6)
}

async fn nothing(_: &SharedStore, _: &[Row]) {}

/// As versions before this one did: ids by the ordinal of a row in its stream.
async fn import_by_place(store: &SharedStore, rows: &[Row], with_time: bool) {
    let mut seen = BTreeMap::<u8, u32>::new();
    for (case, kind, hour) in rows {
        let seen = seen.entry(*case).or_default();
        *seen += 1;
        let stream: StreamId = format!("case/c{case}").parse().unwrap();
        let event_type = EventType::new(format!("t{kind}")).unwrap();
        let at: Timestamp = format!("2024-01-01T{hour:02}:00:00Z").parse().unwrap();
        let (ordinal, micros) = (seen.to_le_bytes(), at.as_micros().to_le_bytes());
        let attributes =
            format!("{{\"time:timestamp\":\"2024-01-01 {hour:02}:00\",\"note\":\"n{kind}\"}}");
        let attributes = if with_time { attributes } else { "{}".to_owned() };
        let mut parts: Vec<&[u8]> =
            vec![stream.as_str().as_bytes(), &ordinal, event_type.as_str().as_bytes()];
        parts.extend(with_time.then_some(&micros[..]));
        parts.push(attributes.as_bytes());
        let id = EventId::from_content(&parts);
        let payload = match (with_time, *seen) {
            (true, 1) => format!("{{\"case\":{{\"size\":\"{case}\"}},{}", &attributes[1..]),
            _ => attributes.clone(),
        };
        let mut event = NewEvent::new(id, event_type, Codec::Json, payload);
        event.recorded_at = Some(at);
        let events = vec![(stream, event)];
        store.append(AppendRequest { events, ..AppendRequest::default() }).await.unwrap();
    }
}

#[tokio::test]
async fn a_refreshed_extract_in_csv_adds_what_is_new() {
    for seed in some_seeds() {
        let _round = Round(seed);
        import_refreshed(seed, Kind::Cases, of_csv, nothing).await;
    }
}

#[tokio::test]
async fn a_refreshed_extract_in_json_lines_adds_what_is_new() {
    for seed in some_seeds() {
        let _round = Round(seed);
        import_refreshed(seed, Kind::Lines, of_lines, nothing).await;
        import_refreshed(seed, Kind::Lines, of_lines_with_ids, nothing).await;
    }
}

#[tokio::test]
async fn a_refreshed_extract_adds_what_is_new_to_what_an_earlier_version_imported() {
    for seed in some_seeds() {
        let _round = Round(seed);
        let csv =
            async |store: &SharedStore, rows: &[Row]| import_by_place(store, rows, true).await;
        import_refreshed(seed, Kind::Cases, of_csv, csv).await;
        let lines =
            async |store: &SharedStore, rows: &[Row]| import_by_place(store, rows, false).await;
        import_refreshed(seed, Kind::Lines, of_lines, lines).await;
    }
}
