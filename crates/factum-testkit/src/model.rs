//! Random operations on a store and on the memory store, which must answer alike.
//!
//! Names are few, so that operations meet: streams, tags, values and command ids collide often.

mod apply;

use std::sync::Arc;

use factum_core::{MemoryStore, SharedStore, TenantScope};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use crate::conformance::{Fixture, Rig};

/// Something that is done to a store. Small numbers stand for names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// An append of events under guards, perhaps for a command.
    Append {
        /// The events: stream, type, tag, and what is done to which unique value.
        events: Vec<ModelEvent>,
        /// What must hold.
        guards: Vec<ModelGuard>,
        /// A command id and a target.
        command: Option<(u8, u8)>,
    },
    /// Deletes a stream.
    Tombstone(u8),
    /// Hides the beginning of a stream.
    Truncate(u8, u64),
    /// Reads the log.
    Read(ModelRead),
    /// Reads a stream: from a revision, so many events, backward or not.
    ReadStream(u8, Option<u64>, Option<u64>, bool),
    /// Looks a command up.
    Recall(u8),
    /// Moves the clock, so that commands expire.
    Wait,
    /// Compacts the store and makes its index of claims again.
    Maintain,
}

/// An event of an [`Operation::Append`]. Small numbers stand for names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelEvent {
    /// Its stream.
    pub stream: u8,
    /// Its type.
    pub event_type: u8,
    /// Its tag.
    pub tag: u8,
    /// Whether it takes (or else releases) a unique value, and which.
    pub claim: Option<(bool, u8)>,
}

/// What an [`Operation::Read`] reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelRead {
    /// After this position.
    pub after: u64,
    /// Through this one, if there is one.
    pub through: Option<u64>,
    /// At most so many events.
    pub limit: Option<u64>,
    /// With this tag, if there is one.
    pub tag: Option<u8>,
    /// Of this stream, or of those whose name begins like its name, if there is one.
    pub streams: Option<(u8, bool)>,
    /// Newest first, or oldest first.
    pub backward: bool,
}

/// A guard of an [`Operation::Append`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelGuard {
    /// The stream has no events.
    NoStream(u8),
    /// The stream has events.
    Exists(u8),
    /// The stream's last revision.
    Revision(u8, u64),
    /// No event with the tag after the position.
    NoneMatch(u8, u64),
    /// No event of the stream after the position.
    NoneIn(u8, u64),
}

const STREAMS: u8 = 4;
const NAMES: u8 = 3;

/// Whole runs of up to `length` operations.
pub fn operations(length: usize) -> impl Strategy<Value = Vec<Operation>> {
    vec(operation(), 1..=length)
}

fn operation() -> impl Strategy<Value = Operation> {
    let append = (vec(event(), 0..5), vec(guard(), 0..3), command())
        .prop_map(|(events, guards, command)| Operation::Append { events, guards, command });
    let limit = || proptest::option::of(0..8_u64);
    prop_oneof![
        12 => append,
        1 => (0..STREAMS).prop_map(Operation::Tombstone),
        1 => (0..STREAMS, 0..6_u64).prop_map(|(stream, first)| Operation::Truncate(stream, first)),
        4 => read().prop_map(Operation::Read),
        3 => (0..STREAMS, proptest::option::of(0..8_u64), limit(), any::<bool>())
            .prop_map(|(id, from, limit, back)| Operation::ReadStream(id, from, limit, back)),
        1 => (0..NAMES).prop_map(Operation::Recall),
        1 => Just(Operation::Wait),
        1 => Just(Operation::Maintain),
    ]
}

fn read() -> impl Strategy<Value = ModelRead> {
    let tag = proptest::option::of(0..NAMES);
    let streams = proptest::option::of((0..STREAMS, any::<bool>()));
    let bounds = (0..30_u64, proptest::option::of(0..30_u64), proptest::option::of(0..8_u64));
    (bounds, tag, streams, any::<bool>()).prop_map(|(bounds, tag, streams, backward)| {
        let (after, through, limit) = bounds;
        ModelRead { after, through, limit, tag, streams, backward }
    })
}

fn event() -> impl Strategy<Value = ModelEvent> {
    let claim = proptest::option::of((any::<bool>(), 0..NAMES));
    (0..STREAMS, 0..NAMES, 0..NAMES, claim)
        .prop_map(|(stream, event_type, tag, claim)| ModelEvent { stream, event_type, tag, claim })
}

fn guard() -> impl Strategy<Value = ModelGuard> {
    prop_oneof![
        (0..STREAMS).prop_map(ModelGuard::NoStream),
        (0..STREAMS).prop_map(ModelGuard::Exists),
        (0..STREAMS, 0..6_u64).prop_map(|(stream, at)| ModelGuard::Revision(stream, at)),
        (0..NAMES, 0..30_u64).prop_map(|(tag, after)| ModelGuard::NoneMatch(tag, after)),
        (0..STREAMS, 0..30_u64).prop_map(|(stream, after)| ModelGuard::NoneIn(stream, after)),
    ]
}

fn command() -> impl Strategy<Value = Option<(u8, u8)>> {
    proptest::option::weighted(0.3, (0..NAMES, 0..2_u8))
}

/// Runs `cases` random sequences on the fixture's store and on the memory store. The sequences
/// are the same in every run.
///
/// Starts runtimes of its own, so it must not be called from within one; use a blocking thread.
///
/// # Errors
///
/// The shortest sequence found whose answers differ, with both answers.
pub fn check(fixture: &Arc<dyn Fixture>, cases: u32) -> Result<(), String> {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let rng = proptest::test_runner::TestRng::deterministic_rng(config.rng_algorithm);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let checked = runner.run(&operations(40), |operations| {
        let rig = Rig::new(Arc::clone(fixture));
        crate::conformance::block_on(differing(&rig, &operations)).map_err(TestCaseError::fail)
    });
    checked.map_err(|error| error.to_string())
}

/// Runs one sequence on both stores; fails with the first operation that they answer differently.
async fn differing(rig: &Rig, operations: &[Operation]) -> Result<(), String> {
    let tested = rig.open().await;
    let clock = rig.clock.clone();
    let model: SharedStore = Arc::new(MemoryStore::new(TenantScope::default(), clock));
    for (index, operation) in operations.iter().enumerate() {
        if *operation == Operation::Wait {
            rig.clock.advance_ms(apply::COMMAND_LIFE_MS / 2 + 1);
        }
        let found = apply::apply(&tested, index, operation).await;
        let expected = apply::apply(&model, index, operation).await;
        same(index, operation, &found, &expected)?;
    }
    let (found, expected) = (apply::end_state(&tested).await, apply::end_state(&model).await);
    same(operations.len(), &Operation::Maintain, &found, &expected)
}

fn same(index: usize, operation: &Operation, found: &str, expected: &str) -> Result<(), String> {
    if found == expected {
        return Ok(());
    }
    Err(format!("operation {index}, {operation:?}: expected {expected}, found {found}"))
}
