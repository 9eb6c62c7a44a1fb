//! The order and the content of the log.

use std::collections::HashMap;

use factum_core::{NewEvent, Position, RecordedEvent, StreamId};
use factum_testkit::history::History;

use super::Log;
use crate::label::Label;
use crate::witness::{Answer, End, Entry, Witness};

/// Positions are 1, 2, 3, ... up to the head.
pub(super) fn positions_are_dense(log: &Log, _: &Witness) -> Vec<String> {
    let mut problems = Vec::new();
    for (expected, event) in (1..).zip(&log.events) {
        if event.position.get() != expected {
            problems.push(format!("expected position {expected}, found {}", event.position));
            break;
        }
    }
    if log.head != log.events.len() as u64 {
        problems.push(format!("the head is {}, after {} events", log.head, log.events.len()));
    }
    problems
}

/// The revisions of every stream are 0, 1, 2, ... in log order.
pub(super) fn revisions_are_dense(log: &Log, _: &Witness) -> Vec<String> {
    let mut next = HashMap::new();
    let mut problems = Vec::new();
    for event in &log.events {
        let expected = next.entry((&event.tenant, &event.stream)).or_insert(0_u64);
        if event.revision.get() != *expected {
            let RecordedEvent { stream, revision, position, .. } = event;
            problems.push(format!(
                "{stream} at position {position}: expected revision {expected}, found {revision}"
            ));
        }
        *expected = event.revision.get() + 1;
    }
    problems
}

/// Every acknowledged append stands whole where its answer says.
pub(super) fn acknowledged_appends_are_there(log: &Log, witness: &Witness) -> Vec<String> {
    let mut problems = Vec::new();
    for (label, entry) in &witness.entries {
        if let End::Acknowledged(answer) = &entry.end
            && let Some(problem) = answer_is_wrong(log, *label, entry, answer)
        {
            problems.push(format!("append {label}: {problem}"));
        }
    }
    problems
}

fn answer_is_wrong(log: &Log, label: Label, entry: &Entry, answer: &Answer) -> Option<String> {
    let asked = &entry.request.events;
    let Some(first) = answer.first else {
        return (!asked.is_empty()).then(|| "the answer names no event".into());
    };
    if answer.last + 1 - first != asked.len() as u64 {
        return Some(format!("{} events answered as {first} to {}", asked.len(), answer.last));
    }
    for (position, (stream, event)) in (first..).zip(asked) {
        match log.at(position) {
            None => return Some(format!("position {position} is missing")),
            Some(found) if !is_copy(found, label, stream, event) => {
                return Some(format!("position {position} holds something else: {found:?}"));
            }
            Some(_) => {}
        }
    }
    let run = (first..=answer.last).filter_map(|position| log.at(position));
    let reached: HashMap<&str, u64> =
        run.map(|it| (it.stream.as_str(), it.revision.get())).collect();
    let told: HashMap<&str, u64> = answer.streams.iter().map(|it| (it.0.as_str(), it.1)).collect();
    (reached != told).then(|| format!("told revisions {told:?}, reached {reached:?}"))
}

fn is_copy(found: &RecordedEvent, label: Label, stream: &StreamId, asked: &NewEvent) -> bool {
    let mut copy = found.clone().into_new();
    copy.recorded_at = None;
    found.tenant == label.tenant() && found.stream == *stream && copy == *asked
}

/// Whatever was not acknowledged is there as a whole and in one run, or not at all.
pub(super) fn appends_are_whole_or_absent(log: &Log, witness: &Witness) -> Vec<String> {
    let mut problems = Vec::new();
    for (label, entry) in &witness.entries {
        let asked = &entry.request.events;
        let found: Vec<_> = asked.iter().map(|(_, event)| log.find(event.id)).collect();
        let there = found.iter().flatten().count();
        if there != 0 && there != asked.len() {
            problems.push(format!("append {label}: {there} of {} events are there", asked.len()));
            continue;
        }
        let positions: Vec<u64> = found.iter().flatten().map(|it| it.position.get()).collect();
        if positions.windows(2).any(|pair| pair[0] + 1 != pair[1]) {
            problems.push(format!("append {label}: not in one run, but at {positions:?}"));
        }
        for (found, (stream, event)) in found.iter().flatten().zip(asked) {
            if !is_copy(found, *label, stream, event) {
                problems.push(format!("append {label}: changed at position {}", found.position));
            }
        }
    }
    problems
}

/// A refused append stored nothing.
pub(super) fn refused_appends_left_nothing(log: &Log, witness: &Witness) -> Vec<String> {
    let refused = witness.entries.iter().filter(|(_, entry)| entry.end == End::Refused);
    let mut problems = Vec::new();
    for (label, entry) in refused {
        for (_, event) in &entry.request.events {
            if let Some(found) = log.find(event.id) {
                problems.push(format!("append {label}: found at position {}", found.position));
            }
        }
    }
    problems
}

/// The log holds nothing that nobody asked for, and nothing twice. As a repeated command asks for
/// the same event ids again, a second effect would show here.
pub(super) fn every_event_was_asked_for_once(log: &Log, witness: &Witness) -> Vec<String> {
    let asked = witness.entries.values().flat_map(|it| &it.request.events);
    let mut wanted: HashMap<_, u32> = asked.map(|(_, it)| (it.id, 0)).collect();
    let mut problems = Vec::new();
    for event in &log.events {
        match wanted.get_mut(&event.id) {
            None => problems.push(format!("nobody asked for the event at {}", event.position)),
            Some(times) => {
                *times += 1;
                if *times > 1 {
                    problems
                        .push(format!("event {} is there again at {}", event.id, event.position));
                }
            }
        }
    }
    problems
}

/// What was asked for after an acknowledgement stands after it.
pub(super) fn order_follows_the_acknowledgements(log: &Log, witness: &Witness) -> Vec<String> {
    let mut problems = Vec::new();
    for (label, entry) in &witness.entries {
        let asked = &entry.request.events;
        let first = asked.first().and_then(|(_, event)| log.find(event.id));
        if let Some(first) = first.map(|it| it.position.get())
            && first <= entry.floor
        {
            let floor = entry.floor;
            problems.push(format!("append {label} at {first}, asked for after {floor} was told"));
        }
    }
    problems
}

/// What an earlier check saw is still there, byte for byte.
pub(super) fn history_does_not_change(log: &Log, witness: &Witness) -> Vec<String> {
    let Some((head, digest)) = witness.checked() else { return Vec::new() };
    let now = log.digest(head);
    let same = log.head >= head && now == digest;
    if same { vec![] } else { vec![format!("up to {head} it was {digest} and is {now}")] }
}

/// A second opinion: the test kit's history checker, written apart from the checks above, finds
/// nothing either.
pub(super) fn the_history_checker_agrees(log: &Log, witness: &Witness) -> Vec<String> {
    let mut history = History::default();
    for (label, entry) in &witness.entries {
        let (label, ids) = (label.to_string(), entry.request.events.iter().map(|it| it.1.id));
        match &entry.end {
            End::Acknowledged(Answer { first: Some(first), last, .. }) => {
                history.acknowledged(label, ids, Position::new(*first), Position::new(*last));
            }
            End::Acknowledged(_) | End::Unknown => history.unknown(label, ids),
            End::Refused => history.refused(label, ids),
        }
    }
    history.check(&log.events).iter().map(|violation| format!("{violation:?}")).collect()
}

/// No child reported an answer that it could tell to be wrong.
pub(super) fn the_child_saw_nothing_wrong(_: &Log, witness: &Witness) -> Vec<String> {
    witness.wrong.clone()
}
