//! What must hold after every death.

mod backups;
mod claims;
mod commands;
mod guards;
mod log;
mod streams;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use factum_core::{
    Digest, Digester, EventId, EventStoreExt, LogRead, RecordedEvent, SharedStore, StoreError,
};
use factum_sqlite::SqliteStore;

use crate::arguments::Arguments;
use crate::child::config;
use crate::witness::{End, Witness};

/// The whole log as it was read back.
#[derive(Debug)]
pub(crate) struct Log {
    pub(crate) head: u64,
    pub(crate) events: Vec<RecordedEvent>,
    by_id: HashMap<EventId, usize>,
}

impl Log {
    /// The log in these events.
    pub(crate) fn new(head: u64, events: Vec<RecordedEvent>) -> Self {
        let by_id = events.iter().enumerate().map(|(index, event)| (event.id, index)).collect();
        Self { head, events, by_id }
    }

    /// Reads all tenants' events.
    async fn read(store: &SharedStore) -> Result<Self, StoreError> {
        let events = store.collect(LogRead::default()).await?;
        Ok(Self::new(store.head().await?.get(), events))
    }

    /// The event with this id.
    pub(crate) fn find(&self, id: EventId) -> Option<&RecordedEvent> {
        self.by_id.get(&id).map(|index| &self.events[*index])
    }

    /// The event at a position, counted from 1.
    pub(crate) fn at(&self, position: u64) -> Option<&RecordedEvent> {
        self.events.get(usize::try_from(position.checked_sub(1)?).ok()?)
    }

    /// The digest of the first `count` events.
    pub(crate) fn digest(&self, count: u64) -> Digest {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let mut digester = Digester::default();
        self.events.iter().take(count).for_each(|event| digester.update(event));
        digester.digest()
    }
}

/// An invariant of the log alone: what it is called, and what breaks it.
pub(crate) type Invariant = (&'static str, fn(&Log, &Witness) -> Vec<String>);

/// The invariants of the log alone, judged twice: as the death left it, and after the unanswered
/// commands were sent again.
pub(crate) const INVARIANTS: &[Invariant] = &[
    ("positions are dense", log::positions_are_dense),
    ("revisions are dense", log::revisions_are_dense),
    ("acknowledged appends are there", log::acknowledged_appends_are_there),
    ("appends are whole or absent", log::appends_are_whole_or_absent),
    ("refused appends left nothing", log::refused_appends_left_nothing),
    ("every event was asked for once", log::every_event_was_asked_for_once),
    ("order follows the acknowledgements", log::order_follows_the_acknowledgements),
    ("history does not change", log::history_does_not_change),
    ("the history checker agrees", log::the_history_checker_agrees),
    ("guards held", guards::guards_held),
    ("claims have one holder", claims::claims_have_one_holder),
    ("nothing follows a tombstone", streams::nothing_follows_a_tombstone),
    ("the child saw nothing wrong", log::the_child_saw_nothing_wrong),
];

/// What the checks of a round saw.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) problems: Vec<String>,
    pub(crate) head: u64,
    /// Events stored in this round.
    pub(crate) stored: u64,
    pub(crate) acknowledged: usize,
    pub(crate) unknown: usize,
    pub(crate) refused: usize,
    /// Backups that were opened and compared.
    pub(crate) backups: usize,
}

/// Opens the store that a death left behind and checks everything.
pub(crate) async fn check(arguments: &Arguments, witness: &mut Witness) -> Result<Found, String> {
    let opened = SqliteStore::open(config(arguments)).await;
    let store: SharedStore =
        Arc::new(opened.map_err(|it| format!("the store does not open: {it}"))?);
    let failed = |it: StoreError| format!("the store cannot be read: {it}");
    let log = Log::read(&store).await.map_err(failed)?;
    let mut found = counted(&log, witness);
    found.problems = judged(&log, witness);
    found.problems.extend(claims::index_follows_the_events(&store, &log).await);
    found.problems.extend(streams::streams_follow_the_events(&store, &log).await);
    let (compared, broken) = backups::backups_are_prefixes(arguments, witness, &log).await;
    found.backups = compared;
    found.problems.extend(broken);
    if !found.problems.is_empty() {
        return Ok(found);
    }
    found.problems = commands::commands_answer_again(&store, witness).await;
    let log = Log::read(&store).await.map_err(failed)?;
    found.problems.extend(judged(&log, witness));
    found.problems.extend(store_verifies(&store, &log).await);
    found.head = log.head;
    found.stored = log.head - witness.head_before();
    witness.begin_round(log.head, log.digest(log.head));
    Ok(found)
}

/// Problems of one invariant that are told one by one.
const PROBLEMS_TOLD: usize = 5;

/// Judges the invariants of the log alone.
pub(crate) fn judged(log: &Log, witness: &Witness) -> Vec<String> {
    let mut told = Vec::new();
    for (name, check) in INVARIANTS {
        let problems = check(log, witness);
        told.extend(problems.iter().take(PROBLEMS_TOLD).map(|it| format!("{name}: {it}")));
        if problems.len() > PROBLEMS_TOLD {
            told.push(format!("{name}: and {} more", problems.len() - PROBLEMS_TOLD));
        }
    }
    told
}

/// The store finds nothing wrong with itself, and hashes to what was read.
async fn store_verifies(store: &SharedStore, log: &Log) -> Vec<String> {
    match store.verify().await {
        Ok(verified) if verified.digest == log.digest(log.head) => verified.findings,
        Ok(verified) => vec![format!("the store verifies to {}, not as read", verified.digest)],
        Err(error) => vec![format!("the store cannot be verified: {error}")],
    }
}

fn counted(log: &Log, witness: &Witness) -> Found {
    let count = |wanted: fn(&End) -> bool| {
        witness.of_this_round().filter(|(_, entry)| wanted(&entry.end)).count()
    };
    Found {
        head: log.head,
        acknowledged: count(|it| matches!(it, End::Acknowledged(_))),
        unknown: count(|it| *it == End::Unknown),
        refused: count(|it| *it == End::Refused),
        ..Found::default()
    }
}
