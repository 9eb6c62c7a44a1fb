//! What is stored of a subscription, from its row and to it.

use factum_core::{
    Epoch, EventId, HandledEvent, InvalidName, OwnerId, Pause, Position, Progress, Rebuild,
    SubscriptionKind, SubscriptionName, SubscriptionReport, SubscriptionState, TenantId, Timestamp,
};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params_from_iter};

use crate::codec::{subscription_hash, values_checksum};
use crate::error::Failure;
use crate::sql;

/// How many columns are stored of a subscription, its checksum apart.
const COLUMNS: usize = 25;

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
    if let Some(row) = rows.next()? {
        return progress(row).map(Some);
    }
    last_epoch(conn, tenant, name)?; // One that was forgotten, or that was never there.
    Ok(None)
}

/// Stores what is known of a subscription from now on.
pub(crate) fn put(conn: &Connection, progress: &Progress) -> Result<(), Failure> {
    let Progress { last, report, paused, rebuild, .. } = progress;
    let values: [&dyn ToSql; COLUMNS] = [
        &scope_text(progress.tenant.as_ref()),
        &progress.name.as_str(),
        &progress.kind.number(),
        &progress.version,
        &progress.shape,
        &place(progress.position),
        &last.map(|it| place(it.position)),
        &last.map(|it| *it.id.as_bytes()),
        &progress.epoch.get().cast_signed(),
        &progress.owner.as_ref().map(OwnerId::as_str),
        &progress.beat.cast_signed(),
        &progress.beat_at.map(Timestamp::as_micros),
        &report.state.number(),
        &report.reason,
        &place(report.head),
        &paused.as_ref().map(|it| it.reason.as_str()),
        &paused.as_ref().map(|it| it.at.as_micros()),
        &rebuild.as_ref().map(|it| place(it.after)),
        &rebuild.as_ref().map(|it| it.requested_at.as_micros()),
        &rebuild.as_ref().and_then(|it| it.target).map(place),
        &progress.parked_keys.cast_signed(),
        &progress.waiting_events.cast_signed(),
        &progress.dead_letters.cast_signed(),
        &progress.instructions.cast_signed(),
        &progress.updated_at.as_micros(),
    ];
    let hash = subscription_hash(scope_text(progress.tenant.as_ref()), progress.name.as_str());
    put_checked(conn, sql::PUT_SUBSCRIPTION, &values, &[&hash])
}

/// Runs a statement that puts a row: its columns, those that change by themselves, and the checksum of
/// the former.
pub(crate) fn put_checked(
    conn: &Connection,
    sql: &str,
    columns: &[&dyn ToSql],
    others: &[&dyn ToSql],
) -> Result<(), Failure> {
    let stored = columns.iter().map(ToSql::to_sql).collect::<rusqlite::Result<Vec<_>>>()?;
    let checksum = values_checksum(stored.iter().map(|it| match it {
        ToSqlOutput::Borrowed(value) => *value,
        ToSqlOutput::Owned(value) => value.into(),
        _ => ValueRef::Null,
    }));
    let checksum: [&dyn ToSql; 1] = [&checksum];
    let binds = columns.iter().chain(others).chain(&checksum);
    conn.prepare_cached(sql)?.execute(params_from_iter(binds))?;
    Ok(())
}

/// Whether the first `columns` of a row have the checksum that stands in column `at`.
pub(crate) fn is_checked(row: &Row<'_>, columns: usize, at: usize) -> rusqlite::Result<bool> {
    let values = (0..columns).map(|column| row.get_ref(column));
    let values = values.collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(values_checksum(values.into_iter()) == row.get::<_, i64>(at)?)
}

/// Leaves of a subscription's row only its epoch.
pub(super) fn forget(
    conn: &Connection,
    tenant: Option<&TenantId>,
    name: &SubscriptionName,
) -> Result<(), Failure> {
    let epoch = last_epoch(conn, tenant, name)?.get().cast_signed();
    let scope = scope_text(tenant);
    let mut statement = conn.prepare_cached(sql::FORGET_SUBSCRIPTION)?;
    statement.execute((scope, name.as_str(), forgotten_checksum(scope, name, epoch)))?;
    Ok(())
}

/// The last lease that there was under a name, which may be forgotten.
pub(super) fn last_epoch(
    conn: &Connection,
    tenant: Option<&TenantId>,
    name: &SubscriptionName,
) -> Result<Epoch, Failure> {
    let scope = scope_text(tenant);
    let mut statement = conn.prepare_cached(sql::LAST_EPOCH)?;
    let found = statement.query_row((scope, name.as_str()), |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, bool>(2)?))
    });
    let Some((epoch, checksum, forgotten)) = found.optional()? else {
        let mut statement = conn.prepare_cached(sql::FIND_SUBSCRIPTION_BY_HASH)?;
        if statement.exists([subscription_hash(scope, name.as_str())])? {
            let message = format!("the index that leads to subscription {name} is damaged");
            return Err(Failure::Corrupt(message));
        }
        return Ok(Epoch::default());
    };
    if forgotten && forgotten_checksum(scope, name, epoch) != checksum {
        return Err(Failure::Corrupt(format!(
            "what is left of the forgotten subscription {name} differs from its checksum"
        )));
    }
    Ok(Epoch::new(epoch.cast_unsigned()))
}

/// The checksum of the row of a subscription that was forgotten: of its names and its epoch.
fn forgotten_checksum(scope: &str, name: &SubscriptionName, epoch: i64) -> i64 {
    let (scope, name) = (scope.as_bytes(), name.as_str().as_bytes());
    let values = [ValueRef::Text(scope), ValueRef::Text(name), ValueRef::Integer(epoch)];
    values_checksum(values.into_iter())
}

/// What a row of the columns that all statements list says.
pub(crate) fn progress(row: &Row<'_>) -> Result<Progress, Failure> {
    let read = || -> rusqlite::Result<Option<Progress>> {
        if !is_checked(row, COLUMNS, COLUMNS)? {
            return Ok(None);
        }
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
    Failure::Corrupt(format!(
        "the row of subscription {name:?} of scope {scope:?} differs from its checksum"
    ))
}
