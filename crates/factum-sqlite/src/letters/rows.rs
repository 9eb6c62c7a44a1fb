//! Dead letters, from their rows and to them.

use factum_core::{
    DeadLetter, DeadLetterKey, DeadLetterStatus, EventId, EventType, LaneKey, Position,
    SubscriptionName, TenantId, Timestamp, judge,
};
use rusqlite::{Connection, Row, ToSql};

use crate::error::Failure;
use crate::sql;
use crate::subscriptions::{is_checked, place, put_checked, scope_of};

/// How many columns the checksum of a letter covers.
const COLUMNS: usize = 13;

/// Stores a letter in place of what is stored of its event.
pub(super) fn put(
    conn: &Connection,
    scope: &str,
    name: &SubscriptionName,
    letter: &DeadLetter,
) -> Result<(), Failure> {
    let cause = judge::cut_cause(letter.cause.clone());
    // Whether it is due changes by itself, and is no part of the checksum.
    let columns: [&dyn ToSql; COLUMNS] = [
        &scope,
        &name.as_str(),
        &place(letter.position),
        &letter.key.as_str(),
        &letter.status.number(),
        letter.id.as_bytes(),
        &letter.tenant.as_str(),
        &letter.stream.as_str(),
        &letter.event_type.as_str(),
        &cause,
        &letter.attempts,
        &letter.first_at.as_micros(),
        &letter.last_at.as_micros(),
    ];
    put_checked(conn, sql::PUT_LETTER, &columns, &[&letter.due])
}

/// The letter in a row of the columns that all statements list.
pub(crate) fn letter(row: &Row<'_>) -> Result<(DeadLetterKey, DeadLetter), Failure> {
    let text = |column| row.get_ref(column).ok()?.as_str().ok();
    let read = || {
        if !is_checked(row, COLUMNS, COLUMNS + 1).ok()? {
            return None;
        }
        let position = Position::new(row.get::<_, i64>(2).ok()?.cast_unsigned());
        let key = (scope_of(text(0)?).ok()?, SubscriptionName::new(text(1)?).ok()?, position);
        let letter = DeadLetter {
            position,
            key: LaneKey::new(text(3)?).ok()?,
            status: DeadLetterStatus::from_number(row.get(4).ok()?)?,
            id: EventId::from_bytes(row.get(5).ok()?),
            tenant: TenantId::new(text(6)?).ok()?,
            stream: text(7)?.parse().ok()?,
            event_type: EventType::new(text(8)?).ok()?,
            cause: text(9)?.to_owned(),
            attempts: row.get(10).ok()?,
            first_at: Timestamp::from_micros(row.get(11).ok()?),
            last_at: Timestamp::from_micros(row.get(12).ok()?),
            due: row.get(13).ok()?,
        };
        Some((key, letter))
    };
    read().ok_or_else(|| {
        let (scope, name) = (text(0).unwrap_or("?"), text(1).unwrap_or("?"));
        let position: i64 = row.get(2).unwrap_or(-1);
        Failure::Corrupt(format!(
            "the dead letter of subscription {name:?} of scope {scope:?} at position {position} \
             differs from its checksum"
        ))
    })
}
