//! Going on where an earlier run stopped: first, what is there is compared with what it noted.
//!
//! The last events that were copied are compared one by one. What the target holds beyond them,
//! because the earlier run was killed before it noted its last batch, must be the source's next
//! events; it counts as copied. Anything else is an error, and nothing is written.

use factum::{Codec, Digest, EventId, EventStoreExt, LogRead, Position, Query, SharedStore};
use futures::TryStreamExt;

use super::checkpoint::Reached;
use super::copies::{copy, digest};
use super::error::MigrateError;
use crate::outcome::Failure;

/// How many of the last copied events are compared.
const COMPARED: u64 = 1_000;

/// Where the target stands, if it holds what was noted and at most the next events of the source.
pub(super) async fn go_on(
    source: &SharedStore,
    target: &SharedStore,
    noted: Reached,
    recode: Option<Codec>,
) -> Result<Reached, Failure> {
    check_heads(source, target, &noted).await?;
    compare_last(source, target, &noted, recode).await?;
    find_more(source, target, noted, recode).await
}

async fn check_heads(
    source: &SharedStore,
    target: &SharedStore,
    noted: &Reached,
) -> Result<(), Failure> {
    let shorter =
        |noted, head| format!("expected its head at {noted} or after, found it at {head}");
    let head = source.head().await?;
    if head < noted.source {
        return Err(MigrateError::SourceChanged(shorter(noted.source, head)).into());
    }
    let head = target.head().await?;
    if head < noted.target {
        return Err(MigrateError::TargetChanged(shorter(noted.target, head)).into());
    }
    let counted = noted.events == noted.target.get();
    if target.capabilities().dense_positions && !counted {
        let (events, at) = (noted.events, noted.target);
        let found = format!("expected the last of {events} events at {events}, found it at {at}");
        return Err(MigrateError::TargetChanged(found).into());
    }
    Ok(())
}

/// What is compared of one event.
struct Seen {
    id: EventId,
    position: Position,
    digest: Digest,
}

async fn compare_last(
    source: &SharedStore,
    target: &SharedStore,
    noted: &Reached,
    recode: Option<Codec>,
) -> Result<(), Failure> {
    let Some(last) = noted.last else { return Ok(()) };
    let (mut here, mut there) = (Vec::new(), Vec::new());
    let mut events = source.events(window(noted.source));
    while let Some(event) = events.try_next().await? {
        let (id, position) = (event.id, event.position);
        here.push(Seen { id, position, digest: copy(event, recode)?.digest() });
    }
    let mut events = target.events(window(noted.target));
    while let Some(event) = events.try_next().await? {
        there.push(Seen { id: event.id, position: event.position, digest: digest(event) });
    }
    let is_last =
        |seen: &[Seen], at| seen.last().is_some_and(|it| (it.id, it.position) == (last, at));
    let missing = |at| format!("expected event {last} at position {at}, found another one");
    if !is_last(&here, noted.source) {
        return Err(MigrateError::SourceChanged(missing(noted.source)).into());
    }
    if !is_last(&there, noted.target) {
        return Err(MigrateError::TargetChanged(missing(noted.target)).into());
    }
    for (event, found) in here.iter().rev().zip(there.iter().rev()) {
        if event.digest != found.digest {
            return Err(other_event(event.position, found.position).into());
        }
    }
    Ok(())
}

/// The last events up to a position.
fn window(through: Position) -> LogRead {
    let after = Position::new(through.get().saturating_sub(COMPARED));
    LogRead { through: Some(through), ..LogRead::after(Query::all(), after) }
}

/// Passes over what the target holds beyond what was noted.
async fn find_more(
    source: &SharedStore,
    target: &SharedStore,
    noted: Reached,
    recode: Option<Codec>,
) -> Result<Reached, Failure> {
    let mut reached = noted;
    if target.head().await? == noted.target {
        return Ok(reached);
    }
    let mut here = source.events(LogRead::after(Query::all(), noted.source));
    let mut there = target.events(LogRead::after(Query::all(), noted.target));
    while let Some(found) = there.try_next().await? {
        let (last, at) = (found.id, found.position);
        let Some(event) = here.try_next().await? else {
            let more = format!("expected no more events than in the source, found one at {at}");
            return Err(MigrateError::TargetChanged(more).into());
        };
        let position = event.position;
        if copy(event, recode)?.digest() != digest(found) {
            return Err(other_event(position, at).into());
        }
        let events = reached.events + 1;
        reached = Reached { events, source: position, target: at, last: Some(last) };
    }
    Ok(reached)
}

fn other_event(source: Position, target: Position) -> MigrateError {
    MigrateError::TargetChanged(format!(
        "expected the copy of the source's event at position {source}, found another event at \
         position {target}"
    ))
}
