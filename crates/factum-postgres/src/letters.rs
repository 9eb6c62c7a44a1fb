//! Rows of letters, and how they change while their subscription's row is held.

use std::collections::BTreeMap;

use factum_core::{
    DeadLetter, DeadLetterKey, DeadLetterStatus, EventId, EventType, LaneKey, LetterChange,
    Position, SubscriptionName, TenantId, Timestamp,
};
use tokio_postgres::types::{FromSql, Type};
use tokio_postgres::{Client, Row};
use uuid::Uuid;

use crate::connection::Bind;
use crate::error::Failure;
use crate::parameters::Hidden;
use crate::sql::Sql;
use crate::subscriptions::{Key, place, spoken, tenant_of, words};

/// Removes every letter of the subscription; its counts are the caller's.
pub(crate) async fn clear(client: &Client, sql: &Sql, key: Key<'_>) -> Result<(), Failure> {
    client.query_typed(&sql.clear_letters, &key.binds()).await?;
    Ok(())
}

/// Makes changes in their order, and counts them.
pub(crate) async fn change(
    client: &Client,
    sql: &Sql,
    key: Key<'_>,
    changes: &[LetterChange],
) -> Result<(), Failure> {
    if changes.is_empty() {
        return Ok(());
    }
    // What is last said of a place counts.
    let mut last: BTreeMap<Position, Option<&DeadLetter>> = BTreeMap::new();
    for change in changes {
        match change {
            LetterChange::Put(letter) => last.insert(letter.position, Some(letter)),
            LetterChange::Remove(position) => last.insert(*position, None),
        };
    }
    let touched: Vec<i64> = last.keys().copied().map(place).collect();
    let gone = last.iter().filter(|(_, letter)| letter.is_none());
    let gone: Vec<i64> = gone.map(|(position, _)| place(*position)).collect();
    let put = Columns::new(last.into_values().flatten());
    let [scope, name] = key.binds();
    let counts: [Bind<'_>; 5] = [
        scope.clone(),
        name.clone(),
        (&touched, Type::INT8_ARRAY),
        (&put.keys, Type::TEXT_ARRAY),
        (&put.statuses, Type::INT2_ARRAY),
    ];
    client.query_typed(&sql.count_letter_changes, &counts).await?;
    if !gone.is_empty() {
        let binds = [scope, name, (&gone as _, Type::INT8_ARRAY)];
        client.query_typed(&sql.remove_letters, &binds).await?;
    }
    if !put.keys.is_empty() {
        client.query_typed(&sql.put_letters, &put.binds(&key)).await?;
    }
    Ok(())
}

/// Letters as the columns of one statement.
#[derive(Default)]
struct Columns<'a> {
    positions: Vec<i64>,
    keys: Vec<&'a str>,
    statuses: Vec<i16>,
    ids: Vec<Uuid>,
    tenants: Vec<&'a str>,
    streams: Vec<&'a str>,
    event_types: Vec<&'a str>,
    causes: Vec<Hidden<Vec<u8>>>,
    attempts: Vec<i64>,
    first_at: Vec<i64>,
    last_at: Vec<i64>,
    due: Vec<bool>,
}

impl<'a> Columns<'a> {
    fn new(letters: impl Iterator<Item = &'a DeadLetter>) -> Self {
        let mut columns = Self::default();
        for letter in letters {
            columns.positions.push(place(letter.position));
            columns.keys.push(letter.key.as_str());
            columns.statuses.push(letter.status.number().into());
            columns.ids.push(Uuid::from_bytes(*letter.id.as_bytes()));
            columns.tenants.push(letter.tenant.as_str());
            columns.streams.push(letter.stream.as_str());
            columns.event_types.push(letter.event_type.as_str());
            columns.causes.push(words(&letter.cause));
            columns.attempts.push(letter.attempts.into());
            columns.first_at.push(letter.first_at.as_micros());
            columns.last_at.push(letter.last_at.as_micros());
            columns.due.push(letter.due);
        }
        columns
    }

    fn binds<'b>(&'b self, key: &'b Key<'b>) -> [Bind<'b>; 14] {
        let [scope, name] = key.binds();
        [
            scope,
            name,
            (&self.positions, Type::INT8_ARRAY),
            (&self.keys, Type::TEXT_ARRAY),
            (&self.statuses, Type::INT2_ARRAY),
            (&self.ids, Type::UUID_ARRAY),
            (&self.tenants, Type::TEXT_ARRAY),
            (&self.streams, Type::TEXT_ARRAY),
            (&self.event_types, Type::TEXT_ARRAY),
            (&self.causes, Type::BYTEA_ARRAY),
            (&self.attempts, Type::INT8_ARRAY),
            (&self.first_at, Type::INT8_ARRAY),
            (&self.last_at, Type::INT8_ARRAY),
            (&self.due, Type::BOOL_ARRAY),
        ]
    }
}

/// What a row of the columns that all listings have says.
pub(crate) fn letter(row: &Row) -> Result<(DeadLetterKey, DeadLetter), Failure> {
    read(row).ok_or_else(|| {
        let (name, position) = (row.try_get(1).unwrap_or("?"), row.try_get(2).unwrap_or(0_i64));
        Failure::Corrupt(format!(
            "the letter of subscription {name:?} at position {position} holds what makes no sense"
        ))
    })
}

fn read(row: &Row) -> Option<(DeadLetterKey, DeadLetter)> {
    fn get<'a, T: FromSql<'a>>(row: &'a Row, column: usize) -> Option<T> {
        row.try_get(column).ok()
    }
    let text = |column| get::<&str>(row, column);
    let position = Position::new(get::<i64>(row, 2)?.cast_unsigned());
    let status = u8::try_from(get::<i16>(row, 4)?).ok()?;
    let letter = DeadLetter {
        position,
        key: LaneKey::new(text(3)?).ok()?,
        status: DeadLetterStatus::from_number(status)?,
        id: EventId::from_bytes(get::<Uuid>(row, 5)?.into_bytes()),
        tenant: TenantId::new(text(6)?).ok()?,
        stream: text(7)?.parse().ok()?,
        event_type: EventType::new(text(8)?).ok()?,
        cause: spoken(get(row, 9)?)?,
        attempts: u32::try_from(get::<i64>(row, 10)?).ok()?,
        first_at: Timestamp::from_micros(get(row, 11)?),
        last_at: Timestamp::from_micros(get(row, 12)?),
        due: get(row, 13)?,
    };
    let key = (tenant_of(text(0)?).ok()?, SubscriptionName::new(text(1)?).ok()?, position);
    Some((key, letter))
}
