//! The desk's events in the order of their times, as JSON Lines for the importer.

use std::io::{self, Read};

use factum::Timestamp;
use fastrand::Rng;
use serde_json::json;

use super::calendar::{HOUR, MINUTE};
use super::desk::{self, DeskEvent};

/// Monday, 2024-01-01, a little before eight.
const START: i64 = 1_704_095_400_000_000;
/// Events of an application, about.
const EVENTS_PER_APPLICATION: u64 = 10;

/// The first `count` events of the desk.
pub(super) fn events(seed: u64, count: u64) -> Vec<DeskEvent> {
    let mut rng = Rng::with_seed(seed);
    let mut at = Timestamp::from_micros(START);
    let mut events = Vec::new();
    let mut number = 0;
    let wanted = usize::try_from(count).unwrap_or(usize::MAX);
    while number < count.div_ceil(EVENTS_PER_APPLICATION) || events.len() < wanted {
        number += 1;
        events.extend(desk::application(seed, number, at));
        at = at.plus_millis(rng.i64(5 * MINUTE..6 * HOUR) / 1_000);
    }
    events.sort_by_key(|event| (event.at, event.application));
    events.truncate(wanted);
    events
}

/// Events as a file that is made while it is read.
pub(super) struct Feed {
    events: std::vec::IntoIter<DeskEvent>,
    line: io::Cursor<Vec<u8>>,
}

impl Feed {
    pub(super) fn new(events: Vec<DeskEvent>) -> Self {
        Self { events: events.into_iter(), line: io::Cursor::default() }
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
    fn the_same_seed_gives_the_same_log() {
        let ids = |seed| events(seed, 500).iter().map(|it| it.id).collect::<Vec<_>>();
        assert_eq!(ids(1), ids(1));
        assert_eq!(ids(1).len(), 500);
        assert_ne!(ids(1), ids(2));
    }
}
