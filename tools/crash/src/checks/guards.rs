//! Guards held at the place where each append was stored.

use std::collections::HashMap;

use factum_core::{Expected, Guard, RecordedEvent, Revision, StreamId, TenantId};

use super::Log;
use crate::witness::Witness;

/// For every stored append, each of its guards holds on the log before it.
pub(super) fn guards_held(log: &Log, witness: &Witness) -> Vec<String> {
    let places = Places::of(log);
    let mut problems = Vec::new();
    for (label, entry) in &witness.entries {
        let request = &entry.request;
        let first = request.events.first().and_then(|(_, event)| log.find(event.id));
        let Some(first) = first.map(|it| it.position.get()) else { continue };
        for guard in &request.guards {
            let held = match guard {
                Guard::Stream { stream, expected } => {
                    expected_before(&places, &label.tenant(), stream, *expected, first)
                }
                Guard::NoneMatch { query, after } => {
                    let tenant = label.tenant();
                    let hit = |it: &RecordedEvent| it.tenant == tenant && query.matches(it);
                    !between(log, after.get(), first).iter().any(hit)
                }
            };
            if !held {
                problems.push(format!("append {label}, stored at {first}, despite {guard:?}"));
            }
        }
    }
    problems
}

/// The positions of every stream's events.
struct Places<'a>(HashMap<(&'a TenantId, &'a StreamId), Vec<u64>>);

impl<'a> Places<'a> {
    fn of(log: &'a Log) -> Self {
        let mut places: HashMap<_, Vec<u64>> = HashMap::new();
        for event in &log.events {
            let key = (&event.tenant, &event.stream);
            places.entry(key).or_default().push(event.position.get());
        }
        Self(places)
    }
}

fn expected_before(
    places: &Places<'_>,
    tenant: &TenantId,
    stream: &StreamId,
    expected: Expected,
    first: u64,
) -> bool {
    let positions = places.0.get(&(tenant, stream)).map_or(&[][..], Vec::as_slice);
    let before = positions.partition_point(|position| *position < first) as u64;
    expected.holds(before.checked_sub(1).map(Revision::new))
}

/// The events after `after` and before `before`, both exclusive.
fn between(log: &Log, after: u64, before: u64) -> &[RecordedEvent] {
    let index = |count: u64| usize::try_from(count).unwrap_or(usize::MAX).min(log.events.len());
    let (start, end) = (index(after), index(before.saturating_sub(1)));
    log.events.get(start..end).unwrap_or_default()
}
