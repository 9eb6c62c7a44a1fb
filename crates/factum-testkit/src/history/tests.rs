//! Each kind of violation is found, and a sound log has none.

use factum_core::{
    Codec, EventId, EventType, NewEvent, Place, Position, RecordedEvent, Revision, TenantId,
    Timestamp,
};

use super::{History, Violation};
use crate::SequentialIds;

fn id(number: u64) -> EventId {
    SequentialIds::id(number)
}

fn at(number: u64) -> Position {
    Position::new(number)
}

/// A log of these event numbers, at positions 1, 2, 3, ...
fn log(numbers: &[u64]) -> Vec<RecordedEvent> {
    let recorded = |(position, number): (u64, &u64)| {
        let event_type = EventType::new("happened").unwrap();
        NewEvent::new(id(*number), event_type, Codec::Json, "{}").into_recorded(Place {
            position: at(position),
            tenant: TenantId::default(),
            stream: "account/ann".parse().unwrap(),
            revision: Revision::new(position - 1),
            now: Timestamp::from_micros(0),
        })
    };
    (1..).zip(numbers).map(recorded).collect()
}

/// Events 1 and 2 acknowledged, 3 and 4 unknown, 5 refused.
fn history() -> History {
    let mut history = History::default();
    history.acknowledged("a", [id(1), id(2)], at(1), at(2));
    history.unknown("b", [id(3), id(4)]);
    history.refused("c", [id(5)]);
    history
}

#[test]
fn a_sound_log_has_no_violation() {
    assert_eq!(history().check(&log(&[1, 2])), []);
    assert_eq!(history().check(&log(&[1, 2, 3, 4])), []);
}

#[test]
fn a_lost_event_is_found() {
    let lost = Violation::Lost { label: "a".into(), id: id(2) };
    assert_eq!(history().check(&log(&[1])), [lost]);
}

#[test]
fn a_duplicate_is_found() {
    let duplicate = Violation::Duplicate { id: id(1), first: at(1), again: at(3) };
    assert_eq!(history().check(&log(&[1, 2, 1])), [duplicate]);
}

#[test]
fn a_reordered_append_is_found() {
    let found = history().check(&log(&[2, 1]));
    assert!(matches!(&found[..], [Violation::Moved { .. }, Violation::Moved { .. }]));
    let found = history().check(&log(&[1, 2, 4, 3]));
    assert!(matches!(&found[..], [Violation::Moved { label, .. }, ..] if label == "b"));
}

#[test]
fn a_torn_append_is_found() {
    let torn = Violation::Torn { label: "b".into(), found: 1, sent: 2 };
    assert_eq!(history().check(&log(&[1, 2, 3])), [torn]);
}

#[test]
fn a_stored_refusal_is_found() {
    let refused = Violation::Refused { label: "c".into(), id: id(5) };
    assert_eq!(history().check(&log(&[1, 2, 5])), [refused]);
}

#[test]
fn an_event_that_nobody_appended_is_found() {
    let unexplained = Violation::Unexplained { id: id(9), position: at(3) };
    assert_eq!(history().check(&log(&[1, 2, 9])), [unexplained]);
}

#[test]
fn a_gap_is_found() {
    let mut log = log(&[1, 2, 3, 4]);
    log.remove(2);
    let gap = Violation::Gap { expected: at(3), found: at(4) };
    assert_eq!(history().check(&log)[0], gap);
}

#[test]
fn an_acknowledgement_of_the_wrong_length_is_found() {
    let mut history = History::default();
    history.acknowledged("a", [id(1), id(2)], at(1), at(3));
    let found = history.check(&log(&[1, 2]));
    assert!(matches!(&found[..], [Violation::Moved { .. }]));
}

#[test]
fn an_event_that_was_read_and_is_gone_or_elsewhere_is_found() {
    let mut history = history();
    history.read("reader", &log(&[1, 2, 3, 4]));
    let vanished = |number| Violation::Vanished { label: "reader".into(), id: id(number) };
    assert_eq!(history.check(&log(&[1, 2])), [vanished(3), vanished(4)]);
    let mut moved = super::History::default();
    moved.unknown("b", [id(1)]);
    moved.unknown("b", [id(2)]);
    moved.read("reader", &log(&[2, 1]));
    assert_eq!(moved.check(&log(&[1, 2])).len(), 2);
}

#[test]
fn a_history_survives_as_text() {
    let history = history();
    let text = history.to_string();
    assert_eq!(text.parse::<History>().unwrap(), history);
    let mut twice = history.clone();
    twice.merge(history);
    assert_eq!(format!("{text}{text}").parse::<History>().unwrap(), twice);
    assert_eq!("acknowledged 1".parse::<History>().unwrap_err().line, 1);
}
