//! Tephra on the work of the table: a tag for the stream and a tag for the order on each event.

#[path = "../../common/work.rs"]
mod work;

use std::path::Path;
use std::time::Instant;

use tephra::{
    Event, EventType, Position, Query, SegmentConfig, SegmentSet, Tag, Tags, WriteCoordinator,
    WriteHandle, WriterConfig,
};
use work::{ALL, CALLERS, MANY, READ, Result, SINGLE, STREAMS, Work, payload, report};

const DURABLE: &str = "own log, one flush per group of appends, before the answer";

fn main() -> Result<()> {
    let work = Work::from_arguments()?;
    for (name, batch) in ALL {
        if work.wanted(name) {
            batches(&work, name, batch)?;
        }
    }
    if work.wanted(SINGLE) {
        let (coordinator, handle) = open(&work.folder(SINGLE)?)?;
        let start = Instant::now();
        for number in 0..work.singles() {
            handle.append(vec![event(number)?], None)?;
        }
        report(SINGLE, work.singles(), start, DURABLE);
        coordinator.shutdown();
    }
    if work.wanted(MANY) {
        many(&work)?;
    }
    Ok(())
}

fn open(folder: &Path) -> Result<(WriteCoordinator, WriteHandle)> {
    let set = SegmentSet::open(folder, SegmentConfig::new(256 * 1024 * 1024))?;
    Ok(WriteCoordinator::start(set, WriterConfig::default())?)
}

fn event(number: u64) -> Result<Event> {
    let of = number % STREAMS;
    let tags = Tags::new([Tag::new(format!("account:{of}"))?, Tag::new(format!("order:{of}"))?])?;
    Ok(Event::new(&EventType::new("account.deposited")?, &tags, payload(number).as_bytes())?)
}

/// Appends in batches; the larger store is then read from end to end.
fn batches(work: &Work, name: &str, batch: u64) -> Result<()> {
    let (coordinator, handle) = open(&work.folder(name)?)?;
    let events = work.events(batch);
    let start = Instant::now();
    for first in (0..events).step_by(usize::try_from(batch)?) {
        handle.append((first..first + batch).map(event).collect::<Result<_>>()?, None)?;
    }
    report(name, events, start, DURABLE);
    if batch == 1_000 {
        let start = Instant::now();
        let mut reads = handle.read(&Query::all(), Position::ZERO, None);
        let (mut count, mut page) = (0, Vec::with_capacity(1_000));
        while let Some(item) = reads.next() {
            let item = item?;
            page.push((item.position, item.event.to_owned()));
            count += 1;
            if page.len() == 1_000 {
                std::hint::black_box(&page);
                page.clear();
            }
        }
        assert_eq!(count, events, "everything was read");
        report(READ, count, start, "owned events, in pages of 1,000");
    }
    coordinator.shutdown();
    Ok(())
}

fn many(work: &Work) -> Result<()> {
    let (coordinator, handle) = open(&work.folder(MANY)?)?;
    let each = work.each();
    let start = Instant::now();
    std::thread::scope(|scope| -> Result<()> {
        let caller = |caller: u64| {
            let handle = handle.clone();
            scope.spawn(move || -> Result<()> {
                for number in caller * each..(caller + 1) * each {
                    handle.append(vec![event(number)?], None)?;
                }
                Ok(())
            })
        };
        let callers: Vec<_> = (0..CALLERS).map(caller).collect();
        callers.into_iter().try_for_each(|it| it.join().expect("it does not panic"))
    })?;
    report(MANY, CALLERS * each, start, DURABLE);
    coordinator.shutdown();
    Ok(())
}
