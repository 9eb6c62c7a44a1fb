//! Appends that must be refused, appends that must be stored, and what is read after them.

use std::collections::BTreeMap;

use factum_core::{
    AppendError, AppendRequest, ClaimChange, Command, EventId, EventStoreExt, Expected, LogRead,
    Position, QueryItem, Revision, SharedStore, StreamRead,
};

use crate::build;

/// What became of the appends, and what was read then.
#[derive(Default)]
pub(crate) struct Written {
    /// What was answered wrongly, whatever was stored before.
    refused: Vec<String>,
    /// Which events were stored.
    stored: Vec<EventId>,
    /// Events by what was read, `None` for an error.
    read: BTreeMap<String, Option<Vec<EventId>>>,
}

impl Written {
    /// Every append of the sound store succeeds.
    pub(crate) fn must_be_whole(&self) {
        assert_eq!(self.refused, [""; 0]);
        assert_eq!(self.stored.len(), appended().len());
        assert!(self.read.values().all(Option::is_some));
    }

    /// What is wrong compared with the sound store.
    pub(crate) fn wrong(&self, sound: &Self) -> Vec<String> {
        let mut wrong = self.refused.clone();
        for (what, found) in &self.read {
            let (Some(found), Some(Some(expected))) = (found, sound.read.get(what)) else {
                continue;
            };
            let stored = |id: &&EventId| !sound.stored.contains(id) || self.stored.contains(id);
            let expected: Vec<_> = expected.iter().filter(stored).collect();
            if expected != found.iter().collect::<Vec<_>>() {
                wrong.push(format!("{what} after appends: expected {expected:?}, found {found:?}"));
            }
        }
        wrong
    }
}

/// The events that are appended: number, stream, and the revision it must stand at.
fn appended() -> Vec<(u64, u64, Option<u64>)> {
    // Streams of the first tenant with 5 events, and one that is new.
    let known = [0, 5, 12, 16].map(|stream| (10_000 + stream, stream, Some(4)));
    let beyond = known.map(|(number, stream, _)| (number + 100, stream, Some(5)));
    let new = [(11_000, build::STREAMS + 2, None), (11_001, build::STREAMS + 2, Some(0))];
    known.into_iter().chain(new).chain(beyond).collect()
}

pub(crate) async fn all(all: &SharedStore, turn: usize) -> Written {
    let mut written = Written::default();
    let Ok(store) = all.for_tenant(&build::tenants()[0]) else { return written };
    refusals(&store, &mut written, turn % 2).await;
    for (number, stream, last) in appended() {
        let expected = last.map_or(Expected::NoStream, |it| Expected::Revision(Revision::new(it)));
        let mut event = build::event(number);
        if number < 10_010 {
            event.tags = [build::tag(number % build::TAGS)].into_iter().collect();
        }
        let id = event.id;
        let request = AppendRequest::default().stream(build::stream(stream), expected, [event]);
        match store.append(request).await {
            Ok(_) => written.stored.push(id),
            Err(AppendError::Store(_)) => {}
            // Follows from an append before that failed.
            Err(AppendError::Conflict(_)) if last == Some(5) || number == 11_001 => {}
            Err(other) => written.refused.push(format!("append of {number}: {other}")),
        }
    }
    for (_, stream, _) in appended() {
        let name = build::stream(stream);
        let read = store.collect_stream(StreamRead::forward(name.clone())).await;
        let ids = read.ok().map(|events| events.iter().map(|event| event.id).collect());
        written.read.insert(name.to_string(), ids);
    }
    for number in (0..build::TAGS).step_by(3) {
        let query = QueryItem::default().tag(build::tag(number));
        let read = store.collect(LogRead::after(query, Position::START)).await;
        let ids = read.ok().map(|events| events.iter().map(|event| event.id).collect());
        written.read.insert(format!("tag {number}"), ids);
    }
    let read = store.collect(LogRead::default()).await;
    let ids = read.ok().map(|events| events.iter().map(|event| event.id).collect());
    written.read.insert("the log".into(), ids);
    written
}

/// Appends that a sound store does not make.
async fn refusals(store: &SharedStore, written: &mut Written, turn: usize) {
    let one = |number| [build::event(number)];
    for number in [0, 4, 5, 8, 12, 17, 20].into_iter().skip(turn).step_by(2) {
        let stream = build::stream(number);
        let new = AppendRequest::default().stream(stream, Expected::NoStream, one(20_000 + number));
        must_fail(store, new, format!("a new stream {number}"), written).await;
    }
    for number in (turn as u64..6).step_by(2) {
        let query = QueryItem::default().tag(build::tag(number));
        let stream = build::stream(30 + number);
        let guarded = AppendRequest::default()
            .stream(stream, Expected::Any, one(21_000 + number))
            .none_match(query, Position::new(100));
        must_fail(store, guarded, format!("nothing with tag {number}"), written).await;
    }
    // Claims of the first tenant, by a stream that holds none of them.
    for number in [0, 3, 6, 8, 11, 14].into_iter().skip(turn).step_by(2) {
        let mut event = build::event(22_000 + number);
        event.claims.push(ClaimChange::Take(build::claim(number)));
        let taken = AppendRequest::default().stream(build::stream(39), Expected::Any, [event]);
        must_fail(store, taken, format!("claim {number}"), written).await;
    }
    let deleted = AppendRequest::default().stream(build::stream(2), Expected::Any, one(23_000));
    must_fail(store, deleted, "a deleted stream".into(), written).await;
    for number in [0, 1, 3, 4, 5, 7].into_iter().skip(turn).step_by(2) {
        let target = build::stream((number * 10 + 3) % build::STREAMS);
        let command = Command::new(build::command(number), &target);
        let again = AppendRequest::default()
            .stream(target, Expected::Any, one(24_000 + number))
            .command(command);
        match store.append(again).await {
            Ok(appended) if appended.repeated => {}
            Err(AppendError::Store(_)) => {}
            other => written.refused.push(format!("command {number} again: {other:?}")),
        }
    }
}

async fn must_fail(store: &SharedStore, request: AppendRequest, what: String, to: &mut Written) {
    if let Ok(appended) = store.append(request).await {
        to.refused.push(format!("{what}: was stored at {:?}", appended.first));
    }
}
