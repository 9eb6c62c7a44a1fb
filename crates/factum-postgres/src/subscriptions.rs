//! Rows of subscriptions, and what is written to them while one is held.

use factum_core::judge::{self, JudgedAdvance};
use factum_core::{
    Advance, Advanced, Epoch, EventId, HandledEvent, InvalidName, OwnerId, Pause, Position,
    Progress, Rebuild, StoreError, SubscriptionKind, SubscriptionName, SubscriptionReport,
    SubscriptionState, TenantId, TenantScope, Timestamp,
};
use tokio_postgres::types::{FromSql, Type};
use tokio_postgres::{Client, Row};
use uuid::Uuid;

use crate::connection::Bind;
use crate::error::Failure;
use crate::letters;
use crate::parameters::Hidden;
use crate::sql::Sql;

/// The scope that stands for all tenants. No tenant is named so, and it comes before all of them.
const ALL: &str = "*";
/// Comes after every character of a name, and before any longer name.
const AFTER_NAME: char = '\u{1}';

/// A subscription as it is named in the tables.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key<'a> {
    pub(crate) scope: &'a str,
    pub(crate) name: &'a str,
}

impl<'a> Key<'a> {
    /// The one of this name that belongs to handles of `scope`.
    pub(crate) fn new(scope: &'a TenantScope, name: &'a SubscriptionName) -> Self {
        Self { scope: scope_name(scope.tenant()), name: name.as_str() }
    }

    pub(crate) fn binds(&self) -> [Bind<'_>; 2] {
        [(&self.scope, Type::TEXT), (&self.name, Type::TEXT)]
    }
}

pub(crate) fn scope_name(tenant: Option<&TenantId>) -> &str {
    tenant.map_or(ALL, TenantId::as_str)
}

/// Whose a scope is, as it is named in the tables: a tenant's, or everyone's.
pub(crate) fn tenant_of(scope: &str) -> Result<Option<TenantId>, InvalidName> {
    if scope == ALL { Ok(None) } else { TenantId::new(scope).map(Some) }
}

/// The first scope and name that a listing of `scope`, and of one `name` if there is one, does not
/// reach.
pub(crate) fn listed_before(
    scope: &TenantScope,
    name: Option<&SubscriptionName>,
) -> (String, String) {
    let after = |name: &str| format!("{name}{AFTER_NAME}");
    match (scope.tenant(), name) {
        (tenant, Some(name)) => (scope_name(tenant).into(), after(name.as_str())),
        (Some(tenant), None) => (after(tenant.as_str()), String::new()),
        (None, None) => ("\u{7f}".into(), String::new()),
    }
}

/// What a program says, as the tables have it.
pub(crate) fn words(text: &str) -> Hidden<Vec<u8>> {
    Hidden(judge::cut_cause(text.to_owned()).into_bytes())
}

/// What it says in the tables.
pub(crate) fn spoken(words: Vec<u8>) -> Option<String> {
    String::from_utf8(words).ok()
}

/// What a row of the columns that all statements list says.
pub(crate) fn progress(row: &Row) -> Result<Progress, Failure> {
    read(row).ok_or_else(|| {
        let name = row.try_get::<_, &str>(1).unwrap_or("?");
        Failure::Corrupt(format!("the row of subscription {name:?} holds what makes no sense"))
    })
}

fn read(row: &Row) -> Option<Progress> {
    fn get<'a, T: FromSql<'a>>(row: &'a Row, column: usize) -> Option<T> {
        row.try_get(column).ok()
    }
    let number = |column| get::<i64>(row, column).map(i64::cast_unsigned);
    let position = |column| number(column).map(Position::new);
    let time = |column| Some(get::<Option<i64>>(row, column)?.map(Timestamp::from_micros));
    let at =
        |column| Some(get::<Option<i64>>(row, column)?.map(|it| Position::new(it.cast_unsigned())));
    let said = |column| Some(get::<Option<Vec<u8>>>(row, column)?.map(spoken));
    let small = |column| u8::try_from(get::<i16>(row, column)?).ok();
    let id = get::<Option<Uuid>>(row, 7)?.map(|it| EventId::from_bytes(it.into_bytes()));
    let (paused_at, rebuild_at) = (time(15)?, time(18)?);
    let pause = |at| Some(Pause { reason: said(16)???, at });
    let (last, after, target) = (at(6)?, at(17)?, at(19)?);
    let rebuild = |requested_at| Some(Rebuild { after: after?, requested_at, target });
    Some(Progress {
        tenant: tenant_of(get(row, 0)?).ok()?,
        name: SubscriptionName::new(get::<&str>(row, 1)?).ok()?,
        kind: SubscriptionKind::from_number(small(2)?)?,
        version: u32::try_from(number(3)?).ok()?,
        shape: get(row, 4)?,
        position: position(5)?,
        last: last.zip(id).map(|(position, id)| HandledEvent { position, id }),
        epoch: Epoch::new(number(8)?),
        owner: get::<Option<&str>>(row, 9)?.map(OwnerId::new).transpose().ok()?,
        beat: number(10)?,
        beat_at: time(11)?,
        report: SubscriptionReport {
            state: SubscriptionState::from_number(small(12)?)?,
            reason: match said(13)? {
                None => None,
                Some(reason) => Some(reason?),
            },
            head: position(14)?,
        },
        paused: paused_at.and_then(pause),
        rebuild: rebuild_at.and_then(rebuild),
        parked_keys: number(20)?,
        waiting_events: number(21)?,
        dead_letters: number(22)?,
        instructions: number(23)?,
        updated_at: Timestamp::from_micros(get(row, 24)?),
    })
}

/// After so many writes a row is put in anew. Each of them may leave a version of the row that a look-up
/// walks past, as long as any session keeps a snapshot from before.
const WRITES_IN_PLACE: i64 = 64;

/// Whether a row that was written so often is to be [moved](moving).
pub(crate) fn is_worn(writes: i64) -> bool {
    writes >= WRITES_IN_PLACE
}

/// What [`Sql::move_progress`] binds.
pub(crate) fn moving<'a>(key: &'a Key<'a>) -> [Bind<'a>; 3] {
    let [scope, name] = key.binds();
    [scope, name, (&WRITES_IN_PLACE, Type::INT8)]
}

/// What is stored under a key; nobody else changes it before the transaction of `client` ends.
pub(crate) async fn locked(
    client: &Client,
    sql: &Sql,
    key: Key<'_>,
) -> Result<Option<Progress>, Failure> {
    loop {
        let rows = client.query_typed(&sql.lock_progress, &key.binds()).await?;
        if let Some(row) = rows.first() {
            return progress(row).map(Some);
        }
        // It may have been moved while this waited for it; then it is where the next look finds it.
        if client.query_typed(&sql.progress, &key.binds()).await?.is_empty() {
            return Ok(None);
        }
    }
}

/// Puts `it` in the place of what is stored under a key that the transaction holds.
pub(crate) async fn store(
    client: &Client,
    sql: &Sql,
    key: Key<'_>,
    it: &Progress,
) -> Result<(), Failure> {
    let (last, last_id) = last_columns(it.last);
    let (kind, state) = (i16::from(it.kind.number()), i16::from(it.report.state.number()));
    let (version, position) = (i64::from(it.version), place(it.position));
    let owner = it.owner.as_ref().map(OwnerId::as_str);
    let beat_at = it.beat_at.map(Timestamp::as_micros);
    let reason = it.report.reason.as_deref().map(words);
    let paused_at = it.paused.as_ref().map(|pause| pause.at.as_micros());
    let pause_reason = it.paused.as_ref().map(|pause| words(&pause.reason));
    let rebuild = it.rebuild.as_ref();
    let after = rebuild.map(|it| place(it.after));
    let requested_at = rebuild.map(|it| it.requested_at.as_micros());
    let target = rebuild.and_then(|it| it.target).map(place);
    let (epoch, beat, head) =
        (it.epoch.get().cast_signed(), it.beat.cast_signed(), place(it.report.head));
    let counts = [it.parked_keys, it.waiting_events, it.dead_letters, it.instructions];
    let counts = counts.map(u64::cast_signed);
    let updated_at = it.updated_at.as_micros();
    let [scope, name] = key.binds();
    let binds: [Bind<'_>; 25] = [
        scope,
        name,
        (&kind, Type::INT2),
        (&version, Type::INT8),
        (&it.shape, Type::TEXT),
        (&position, Type::INT8),
        (&last, Type::INT8),
        (&last_id, Type::UUID),
        (&epoch, Type::INT8),
        (&owner, Type::TEXT),
        (&beat, Type::INT8),
        (&beat_at, Type::INT8),
        (&state, Type::INT2),
        (&reason, Type::BYTEA),
        (&head, Type::INT8),
        (&paused_at, Type::INT8),
        (&pause_reason, Type::BYTEA),
        (&after, Type::INT8),
        (&requested_at, Type::INT8),
        (&target, Type::INT8),
        (&counts[0], Type::INT8),
        (&counts[1], Type::INT8),
        (&counts[2], Type::INT8),
        (&counts[3], Type::INT8),
        (&updated_at, Type::INT8),
    ];
    let rows = client.query_typed(&sql.store_progress, &binds).await?;
    if rows.first().is_some_and(|row| is_worn(row.get(0))) {
        client.query_typed(&sql.move_progress, &moving(&key)).await?;
    }
    Ok(())
}

/// A place in the log as it is stored, or as one that is equal is looked for: what is beyond the highest
/// becomes negative, which nothing that is stored is.
pub(crate) fn place(position: Position) -> i64 {
    position.get().cast_signed()
}

/// The last event as two columns.
pub(crate) fn last_columns(last: Option<HandledEvent>) -> (Option<i64>, Option<Uuid>) {
    let id = |it: HandledEvent| Uuid::from_bytes(*it.id.as_bytes());
    (last.map(|it| place(it.position)), last.map(id))
}

/// Stores a step in the transaction of `client`: judged while the row is held. Unless the answer is
/// [`Advanced::Stored`], nothing has changed.
pub(crate) async fn store_step(
    client: &Client,
    sql: &Sql,
    scope: &TenantScope,
    step: &Advance,
    now: Timestamp,
) -> Result<Result<Advanced, StoreError>, Failure> {
    let key = Key::new(scope, &step.lease.name);
    let found = locked(client, sql, key).await?;
    let progress = match judge::advance(found, step, now) {
        Ok(JudgedAdvance::Stored(progress)) => progress,
        Ok(JudgedAdvance::Moved(found)) => return Ok(Ok(Advanced::Moved(found))),
        Err(refused) => return Ok(Err(refused)),
    };
    if step.removes_letters(progress.kind) {
        letters::clear(client, sql, key).await?;
    }
    store(client, sql, key, &progress).await?;
    letters::change(client, sql, key, &step.letters).await?;
    Ok(Ok(Advanced::Stored { instructions: progress.instructions }))
}
