//! The desk's events in the order of their times, as JSON Lines for the importer.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::{self, Read};

use factum::Timestamp;
use fastrand::Rng;
use serde_json::json;

use super::calendar::{HOUR, MINUTE};
use super::desk::{self, DeskEvent};

/// Monday, 2024-01-01, a little before eight.
const START: i64 = 1_704_095_400_000_000;

/// What happens at the desk, in the order of time, for ever. Made as it is asked for: an
/// application's events wait until no application can come in before them.
pub(super) struct Events {
    seed: u64,
    rng: Rng,
    /// When the next application comes in, and its number.
    next_at: Timestamp,
    next: u64,
    waiting: BinaryHeap<Reverse<Waiting>>,
}

/// An event by its time; those of one time by application, then as they happened.
struct Waiting {
    key: (Timestamp, u64, usize),
    event: DeskEvent,
}

impl Events {
    pub(super) fn new(seed: u64) -> Self {
        let (rng, next_at) = (Rng::with_seed(seed), Timestamp::from_micros(START));
        Self { seed, rng, next_at, next: 1, waiting: BinaryHeap::new() }
    }
}

impl Iterator for Events {
    type Item = DeskEvent;

    fn next(&mut self) -> Option<DeskEvent> {
        while self.waiting.peek().is_none_or(|Reverse(first)| first.key.0 >= self.next_at) {
            let events = desk::application(self.seed, self.next, self.next_at);
            self.waiting.extend(events.into_iter().enumerate().map(|(place, event)| {
                Reverse(Waiting { key: (event.at, event.application, place), event })
            }));
            self.next += 1;
            self.next_at = self.next_at.plus_millis(self.rng.i64(5 * MINUTE..6 * HOUR) / 1_000);
        }
        self.waiting.pop().map(|Reverse(first)| first.event)
    }
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Waiting {}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Waiting {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key.cmp(&other.key)
    }
}

/// Events as a file that is made while it is read.
pub(super) struct Feed {
    events: Box<dyn Iterator<Item = DeskEvent> + Send>,
    line: io::Cursor<Vec<u8>>,
}

impl Feed {
    /// The first `count` events of the desk.
    pub(super) fn new(seed: u64, count: u64) -> Self {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        Self { events: Box::new(Events::new(seed).take(count)), line: io::Cursor::default() }
    }
}

impl Read for Feed {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.line.read(out)?;
        if read > 0 || out.is_empty() {
            return Ok(read);
        }
        let Some(event) = self.events.next() else { return Ok(0) };
        self.line = io::Cursor::new(line(&event));
        self.line.read(out)
    }
}

fn line(event: &DeskEvent) -> Vec<u8> {
    let mut tags = vec![format!("applicant:{}", desk::applicant(event.application))];
    tags.extend(event.officer.map(|officer| format!("officer:{officer}")));
    let mut line = json!({
        "stream": format!("loan/{:05}", event.application),
        "recorded_at": event.at.to_string(),
        "id": event.id.to_string(),
        "type": event.event_type,
        "tags": tags,
        "correlation": correlation(event.application),
        "causation": event.causation,
        "principal": event.principal,
        "payload": event.payload,
    })
    .to_string()
    .into_bytes();
    line.push(b'\n');
    line
}

/// What all events of an application belong to.
pub(super) fn correlation(application: u64) -> String {
    format!("application-{application:05}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_log_and_a_longer_one_begins_with_it() {
        let ids = |seed, count| Events::new(seed).take(count).map(|it| it.id).collect::<Vec<_>>();
        assert_eq!(ids(1, 500), ids(1, 500));
        assert_eq!(ids(1, 500), ids(1, 900)[..500]);
        assert_ne!(ids(1, 500), ids(2, 500));
    }

    #[test]
    fn events_come_in_the_order_of_time() {
        let events: Vec<_> = Events::new(1).take(5_000).collect();
        assert!(events.is_sorted_by_key(|event| event.at));
        let all: Vec<_> = desk::application(1, 7, events[0].at).iter().map(|it| it.id).collect();
        let of_7 = events.iter().filter(|event| event.application == 7).map(|it| it.id);
        assert_eq!(of_7.collect::<Vec<_>>(), all, "an application's events keep their order");
    }
}
