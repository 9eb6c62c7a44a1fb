//! Which sabotage each case must notice.

mod admin;
mod checkpoints;
mod dead_letters;
mod judging;
mod leases;
mod numbers;
mod orders;
mod reads;
mod snapshots;
mod stream_queries;
mod whole;
mod writes;

use factum_core::{AppendRequest, Expected, Guard, NewEvent, Position, Query, QueryItem, Revision};

use crate::sabotage::Sabotage;

pub(crate) type Row = (&'static str, Sabotage);

pub(crate) fn table() -> Vec<Row> {
    [
        writes::rows(),
        judging::rows(),
        reads::rows(),
        stream_queries::rows(),
        admin::rows(),
        snapshots::rows(),
        checkpoints::rows(),
        orders::rows(),
        leases::rows(),
        numbers::rows(),
        dead_letters::rows(),
        whole::rows(),
    ]
    .concat()
}

fn drop_guards(request: &mut AppendRequest) {
    request.guards.clear();
}

fn drop_command(request: &mut AppendRequest) {
    request.command = None;
}

fn drop_digest(request: &mut AppendRequest) {
    request.command.iter_mut().for_each(|it| it.digest = None);
}

fn strip_claims(request: &mut AppendRequest) {
    each_event(request, |event| event.claims.clear());
}

fn each_event(request: &mut AppendRequest, change: impl Fn(&mut NewEvent)) {
    request.events.iter_mut().for_each(|(_, event)| change(event));
}

fn each_expected(request: &mut AppendRequest, change: impl Fn(Expected) -> Expected) {
    for guard in &mut request.guards {
        if let Guard::Stream { expected, .. } = guard {
            *expected = change(*expected);
        }
    }
}

/// Changes every item of every query guard.
fn each_item(request: &mut AppendRequest, change: fn(QueryItem) -> QueryItem) {
    for guard in &mut request.guards {
        if let Guard::NoneMatch { query, .. } = guard {
            *query = changed_query(query, change);
        }
    }
}

fn changed_query(query: &Query, change: fn(QueryItem) -> QueryItem) -> Query {
    Query::any_of(query.items().iter().cloned().map(change))
}

fn before(position: Position) -> Position {
    Position::new(position.get().saturating_sub(1))
}

fn lower(revision: Revision) -> Revision {
    Revision::new(revision.get().saturating_sub(1))
}

/// Cuts a text shorter than it need be.
fn shorter(text: &mut String, bytes_max: usize) {
    text.truncate(text.floor_char_boundary(bytes_max));
}
