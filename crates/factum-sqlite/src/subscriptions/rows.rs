//! What is stored of a subscription, from its row and to it.

use factum_core::{
    Epoch, EventId, HandledEvent, InvalidName, OwnerId, Pause, Position, Progress, Rebuild,
    SubscriptionKind, SubscriptionName, SubscriptionReport, SubscriptionState, TenantId, Timestamp,
};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::error::Failure;
use crate::sql;

/// What stands for the scope of all tenants; no tenant has this name, and it comes before every one.
const ALL_TENANTS: &str = "*";

/// How a scope is stored.
pub(crate) fn scope_text(tenant: Option<&TenantId>) -> &str {
    tenant.map_or(ALL_TENANTS, TenantId::as_str)
}

/// The scope that a text stands for.
pub(crate) fn scope_of(text: &str) -> Result<Option<TenantId>, InvalidName> {
    if text == ALL_TENANTS { Ok(None) } else { TenantId::new(text).map(Some) }
}

/// What is stored of a subscription, if it is known.
pub(crate) fn find(
    conn: &Connection,
    tenant: Option<&TenantId>,
    name: &SubscriptionName,
) -> Result<Option<Progress>, Failure> {
    let mut statement = conn.prepare_cached(sql::FIND_SUBSCRIPTION)?;
    let mut rows = statement.query((scope_text(tenant), name.as_str()))?;
    rows.next()?.map(progress).transpose()
}

/// Stores what is known of a subscription from now on.
pub(crate) fn put(conn: &Connection, progress: &Progress) -> Result<(), Failure> {
    let Progress { last, report, paused, rebuild, .. } = progress;
    conn.prepare_cached(sql::PUT_SUBSCRIPTION)?.execute(params![
        scope_text(progress.tenant.as_ref()),
        progress.name.as_str(),
        progress.kind.number(),
        progress.version,
        progress.shape,
        place(progress.position),
        last.map(|it| place(it.position)),
        last.map(|it| *it.id.as_bytes()),
        progress.epoch.get().cast_signed(),
        progress.owner.as_ref().map(OwnerId::as_str),
        progress.beat.cast_signed(),
        progress.beat_at.map(Timestamp::as_micros),
        report.state.number(),
        report.reason,
        place(report.head),
        paused.as_ref().map(|it| it.reason.as_str()),
        paused.as_ref().map(|it| it.at.as_micros()),
        rebuild.as_ref().map(|it| place(it.after)),
        rebuild.as_ref().map(|it| it.requested_at.as_micros()),
        rebuild.as_ref().and_then(|it| it.target).map(place),
        progress.parked_keys.cast_signed(),
        progress.waiting_events.cast_signed(),
        progress.dead_letters.cast_signed(),
        progress.instructions.cast_signed(),
        progress.updated_at.as_micros(),
    ])?;
    Ok(())
}

/// Leaves of a subscription's row only its epoch.
pub(super) fn forget(
    conn: &Connection,
    tenant: Option<&TenantId>,
    name: &SubscriptionName,
) -> Result<(), Failure> {
    let mut statement = conn.prepare_cached(sql::FORGET_SUBSCRIPTION)?;
    statement.execute((scope_text(tenant), name.as_str()))?;
    Ok(())
}

/// The last lease that there was under a name, which may be forgotten.
pub(super) fn last_epoch(
    conn: &Connection,
    tenant: Option<&TenantId>,
    name: &SubscriptionName,
) -> Result<Epoch, Failure> {
    let mut statement = conn.prepare_cached(sql::LAST_EPOCH)?;
    let found = statement.query_row((scope_text(tenant), name.as_str()), |row| number(row, 0));
    Ok(found.optional()?.map(Epoch::new).unwrap_or_default())
}

/// What a row of the columns that all statements list says.
pub(crate) fn progress(row: &Row<'_>) -> Result<Progress, Failure> {
    let read = || -> rusqlite::Result<Option<Progress>> {
        let head = (row.get_ref(0)?.as_str()?, row.get_ref(1)?.as_str()?);
        let (Ok(tenant), Ok(name)) = (scope_of(head.0), SubscriptionName::new(head.1)) else {
            return Ok(None);
        };
        let (Some(kind), Some(state)) = (
            SubscriptionKind::from_number(row.get(2)?),
            SubscriptionState::from_number(row.get(12)?),
        ) else {
            return Ok(None);
        };
        let owner: Option<String> = row.get(9)?;
        let Ok(owner) = owner.map(OwnerId::new).transpose() else { return Ok(None) };
        Ok(Some(Progress {
            tenant,
            name,
            kind,
            version: row.get(3)?,
            shape: row.get(4)?,
            position: position(row, 5)?,
            last: last(row)?,
            epoch: Epoch::new(number(row, 8)?),
            owner,
            beat: number(row, 10)?,
            beat_at: row.get::<_, Option<i64>>(11)?.map(Timestamp::from_micros),
            report: report(row, state)?,
            paused: pause(row)?,
            rebuild: rebuild(row)?,
            parked_keys: number(row, 20)?,
            waiting_events: number(row, 21)?,
            dead_letters: number(row, 22)?,
            instructions: number(row, 23)?,
            updated_at: Timestamp::from_micros(row.get(24)?),
        }))
    };
    read().ok().flatten().ok_or_else(|| damaged(row))
}

fn last(row: &Row<'_>) -> rusqlite::Result<Option<HandledEvent>> {
    let found = optional(row, 6)?.zip(row.get::<_, Option<[u8; 16]>>(7)?);
    Ok(found.map(|(position, id)| HandledEvent { position, id: EventId::from_bytes(id) }))
}

fn report(row: &Row<'_>, state: SubscriptionState) -> rusqlite::Result<SubscriptionReport> {
    Ok(SubscriptionReport { state, reason: row.get(13)?, head: position(row, 14)? })
}

fn pause(row: &Row<'_>) -> rusqlite::Result<Option<Pause>> {
    let found = row.get::<_, Option<String>>(15)?.zip(row.get::<_, Option<i64>>(16)?);
    Ok(found.map(|(reason, at)| Pause { reason, at: Timestamp::from_micros(at) }))
}

fn rebuild(row: &Row<'_>) -> rusqlite::Result<Option<Rebuild>> {
    let found = optional(row, 17)?.zip(row.get::<_, Option<i64>>(18)?);
    let target = optional(row, 19)?;
    Ok(found.map(|(after, at)| Rebuild { after, requested_at: Timestamp::from_micros(at), target }))
}

fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get(column).map(i64::cast_unsigned)
}

fn position(row: &Row<'_>, column: usize) -> rusqlite::Result<Position> {
    number(row, column).map(Position::new)
}

fn optional(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Position>> {
    let found: Option<i64> = row.get(column)?;
    Ok(found.map(|it| Position::new(it.cast_unsigned())))
}

/// A place in the log as it is stored, or as one that is equal is looked for: what is beyond the highest
/// becomes negative, which nothing that is stored is.
pub(crate) fn place(position: Position) -> i64 {
    position.get().cast_signed()
}

fn damaged(row: &Row<'_>) -> Failure {
    let text = |column| row.get::<_, String>(column).optional().ok().flatten().unwrap_or_default();
    let (scope, name) = (text(0), text(1));
    Failure::Corrupt(format!("the row of subscription {name:?} of scope {scope:?} makes no sense"))
}
